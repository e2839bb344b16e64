"""What the packages of a prefix need to run, all together: the plans of their runs made into one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pybuild.errors import PlanError
from pybuild.model.modules import ModulePlan, ModuleStep
from pybuild.model.plan import Edit, PackagePlan
from pybuild.plan.templates import late

_ENV = re.compile(r"\$\{\{\s*env\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a value: text as it stands, or what the variable ``name`` holds when it is used."""

    text: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """All that happens to one variable."""

    kind: Literal["set", "prepend", "unset"]
    name: str
    value: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A package of ours in the prefix, and the level that was proven."""

    name: str
    version: str
    site: str
    level: str
    plan: PackagePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What a shell or a modulefile has to do.

    Attributes:
        folders: folders of modulefiles that must be in use, the first one in front.
        init: files that define ``module`` for bash where a shell does not have it.
        tool: (variable, value) pairs that are set before these files are read.
        baseline: what is loaded in a shell that has never seen a module, in order.
        forbidden: (pattern, who forbids it and why) of modules that must not be loaded at the end.
        settings: one for each variable, in the order of their last change.
        conda: whether the prefix has scripts that only ``conda activate`` runs.
    """

    prefix: str
    packages: tuple[Installed, ...]
    folders: tuple[str, ...] = ()
    init: tuple[str, ...] = ()
    tool: tuple[tuple[str, str], ...] = ()
    baseline: tuple[str, ...] = ()
    steps: tuple[ModuleStep, ...] = ()
    forbidden: tuple[tuple[str, str], ...] = ()
    settings: tuple[Setting, ...] = ()
    conda: bool = False


def merged(prefix: str, packages: Iterable[Installed], *, conda: bool) -> Running:
    """Return what all packages need together: equal operations once, in the packages' order.

    Raises:
        PlanError: two packages need different members of one family, or ``PATH`` cannot hold the prefix.
    """
    packages = tuple(packages)
    if ":" in prefix:
        raise PlanError(
            f"{prefix}: PATH cannot name a folder with a colon in it",
            hint="install into a prefix without one",
        )
    plans = [one.plan.run_modules for one in packages if one.plan.run_modules is not None]
    return Running(
        prefix=prefix,
        packages=packages,
        folders=tuple(dict.fromkeys(folder for plan in plans for folder in plan.folders)),
        init=tuple(dict.fromkeys(file for plan in plans for file in plan.init)),
        tool=tuple(dict.fromkeys(pair for plan in plans for pair in plan.env)),
        baseline=tuple(dict.fromkeys(module for plan in plans for module in plan.baseline)),
        steps=_steps(plans),
        forbidden=tuple({one[0]: one for plan in plans for one in plan.forbidden}.values()),
        settings=_settings(prefix, (edit for one in packages for edit in one.plan.run_environment)),
        conda=conda,
    )


def names_in(running: Running) -> dict[str, str]:
    """Return the variables that values use, each with the variable that is made from it."""
    return {part.name: one.name for one in running.settings for part in one.value if part.name}


def module_checks(running: Running) -> Iterator[tuple[bool, str, str]]:
    """Yield what must hold afterwards, since tools report success on failure.

    Each is whether a module must be loaded, its name or pattern, and the sentence where that is not so.
    """
    for step in running.steps:
        name, by = step.operation.module, " ".join(f"{step.by}: {step.why}".split())
        if step.operation.kind == "unload":
            yield False, name, f"{name} must not be loaded ({by})"
        elif step.operation.kind != "use":
            yield True, name, f"{name} is not loaded ({by})"
    for pattern, who in running.forbidden:
        yield False, pattern, f"{pattern} must not be loaded ({' '.join(who.split())})"


def _steps(plans: Iterable[ModulePlan]) -> tuple[ModuleStep, ...]:
    found: dict[object, ModuleStep] = {}
    chosen: dict[str, ModuleStep] = {}
    for step in (step for plan in plans for step in plan.steps if "run" in step.at):
        found.setdefault((step.operation, step.members), step)
        if step.operation.kind == "choose":
            first = chosen.setdefault(step.operation.family, step)
            if first.operation.module != step.operation.module:
                raise PlanError(
                    f"this prefix needs {first.operation.module} ({first.by}) and {step.operation.module} "
                    f"({step.by}) of the family {step.operation.family}, which holds one at a time",
                    hint="keep packages of different programming environments in prefixes of their own",
                )
    return tuple(found.values())


def _settings(prefix: str, edits: Iterable[Edit]) -> tuple[Setting, ...]:
    """Return the edits folded into one for each variable."""
    found: dict[str, Setting] = {}
    for edit in dict.fromkeys((edit.kind, edit.name, edit.value) for edit in edits):
        kind, name, text = edit
        before = found.pop(name, None)
        value = tuple(_parts(late(text, {"prefix": prefix, "python": f"{prefix}/bin/python"})))
        if kind == "prepend" and before is not None and before.kind != "unset" and before.value:
            found[name] = Setting(kind=before.kind, name=name, value=(*value, Part(text=":"), *before.value))
        elif kind == "prepend" and before is not None:
            found[name] = Setting(kind="set", name=name, value=value)
        else:
            found[name] = Setting(kind=kind, name=name, value=value if kind != "unset" else ())
    return tuple(found.values())


def _parts(text: str) -> Iterator[Part]:
    """Yield the pieces of a value; every second piece of the split is a variable's name."""
    for index, piece in enumerate(_ENV.split(text)):
        if piece:
            yield Part(name=piece) if index % 2 else Part(text=piece)
