"""Environment modules as data: what to load in which order, and what a real module tool made of it."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

Tool = Literal["tcl", "lmod", "none"]
OperationKind = Literal["load", "unload", "swap", "choose", "use"]
Time = Literal["build", "run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One module operation, as a site or a recipe writes it.

    Attributes:
        kind: ``load`` and ``unload`` one module, ``swap`` one for another, ``choose`` exactly one member of a
            family whatever is loaded, ``use`` one more folder of modulefiles.
        module: the module (``PrgEnv-gnu``, ``python/3.7-anaconda-2019.07``); for ``unload`` a pattern
            (``craype-hugepages*``); for ``use`` an absolute folder.
        old: for ``swap``, the module that must be loaded before.
        family: for ``choose``, a name among the site's ``families``.
    """

    kind: OperationKind
    module: str
    old: str = ""
    family: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleStep:
    """An operation of a plan, with everything that ``explain`` prints about it.

    Attributes:
        members: patterns of the family's modules, for ``choose``.
        words: the ``module`` command's words as a person types them, with what the baseline loads filled in:
            ``("swap", "PrgEnv-intel", "PrgEnv-gnu")``. Empty where there is nothing to do after the baseline.
        by: what put it there: ``site cori: rule no-hugepages``, ``recipe mpi4py``.
        why: the reason in a sentence.
        source: who says so.
        since: ISO date from which it holds, or ``""``.
        at: whether it holds for builds, runs or both.
    """

    operation: Operation
    members: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    by: str
    why: str
    source: str = ""
    since: str = ""
    at: tuple[Time, ...] = ("build", "run")


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that the modules must have brought when they are all loaded.

    Attributes:
        variable: an environment variable that a field's ``${{ env.NAME }}`` uses, or ``""``.
        program: a program that must be on the PATH, or ``""``.
        by: who needs it: ``site cori: provider cray-hdf5-parallel of hdf5[mpi]``.
    """

    variable: str = ""
    program: str = ""
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModulePlan:
    """How an environment is made with a module tool, from nothing.

    Attributes:
        site: name of the site, for messages.
        init: files that a bash without start-up files reads to get the ``module`` command, in order.
        path: directories of the PATH before anything is loaded.
        env: (variable, value) pairs that are set before the tool is started.
        folders: folders of modulefiles that are added in front, the first one first.
        baseline: modules that must be loaded before any step, in order; loaded where they are not yet.
        steps: operations in order.
        forbidden: (pattern, who forbids it and why) of modules that must not be loaded at the end.
        needs: what must be there at the end.
        questions: commands whose first line of output identifies what was loaded (``("cc", "--version")``).
    """

    site: str
    tool: Tool
    init: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    folders: tuple[str, ...] = ()
    baseline: tuple[str, ...] = ()
    steps: tuple[ModuleStep, ...] = ()
    forbidden: tuple[tuple[str, str], ...] = ()
    needs: tuple[Need, ...] = ()
    questions: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one step did: modules that came and went, variables whose value it changed."""

    loaded: tuple[str, ...] = ()
    unloaded: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """What a module tool made of a :class:`ModulePlan` on this machine.

    Attributes:
        plan: what was asked for.
        environment: (variable, value) pairs of the whole resulting environment, sorted by name;
            nothing of the user's and nothing of the shell's own housekeeping is in it.
        loaded: modules with their versions, in the order in which they were loaded.
        changes: one entry for each step.
        answers: one line for each of the plan's questions, ``""`` where there was no answer.
        version: what the tool says it is (``5.2.0``, ``8.6.19``), ``""`` where it does not say.
    """

    plan: ModulePlan
    environment: tuple[tuple[str, str], ...]
    loaded: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    answers: tuple[str, ...] = ()
    version: str = ""


def is_named(loaded: str, module: str) -> bool:
    """Return whether a loaded module is the one that is named, with or without its version."""
    return loaded == module or loaded.startswith(f"{module}/")


def matches(loaded: str, pattern: str) -> bool:
    """Return whether a pattern names a loaded module, with its version or without."""
    while not fnmatchcase(loaded, pattern):
        loaded, slash, _ = loaded.rpartition("/")
        if not slash:
            return False
    return True
