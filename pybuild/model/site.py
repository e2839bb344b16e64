"""Sites as written: what one machine offers and demands.

Many records carry ``source`` (who says so, and when) and ``recalled``
(what of it is only remembered, not documented; empty where all of it has the source).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pybuild.model.modules import Operation, Time, Tool

Where = Literal["path", "shell", "prefix", "recipe", "site"]
NodeKind = Literal["login", "compute"]
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Detect:
    """How a machine is recognised: everything that is given must hold; nothing given never detects.

    Attributes:
        env: (variable, value) pairs of the user's environment.
        hostname: regular expression for the whole host name.
        files: paths that must exist.
    """

    env: Pairs = ()
    hostname: str = ""
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One kind of node and how it is recognised: everything that is given must hold.

    Attributes:
        hostname: regular expression for the whole host name.
        variables: environment variables that must be set (``SLURM_JOB_ID``).
        starts_mpi: whether MPI can be initialised there without a launcher.
        jobs: what limits the processes of builds there (``most``, ``reason``, ``source``), or nothing.
    """

    kind: NodeKind
    hostname: str = ""
    variables: tuple[str, ...] = ()
    starts_mpi: bool = False
    jobs: Pairs = ()
    source: str = ""
    recalled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Modules:
    """The module tool and the state in which every environment begins.

    Attributes:
        init: files that define the ``module`` command for bash, read in this order.
        env: (variable, value) pairs that init files and modulefiles ask for, set before they are read.
        folders: folders of modulefiles added in front of what ``init`` sets.
        baseline: modules that a login shell of this machine starts with, in order.
        families: (name, patterns of its members); at most one member may be loaded.
        neutral: patterns of modules that cannot change what is built: their versions stay out of the key.
    """

    tool: Tool = "none"
    init: tuple[str, ...] = ()
    env: Pairs = ()
    folders: tuple[str, ...] = ()
    baseline: tuple[str, ...] = ()
    families: tuple[tuple[str, tuple[str, ...]], ...] = ()
    neutral: tuple[str, ...] = ()
    source: str = ""
    recalled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A field that a program tells.

    Attributes:
        program: field of the provider's program that is asked.
        find: regular expression; the first group is the field's value.
    """

    field: str
    program: str
    args: tuple[str, ...]
    find: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One way a site can supply a virtual.

    Attributes:
        name: ``system``, ``wrapper``, ``gnu``, ``cray-mpich``; unique within the virtual.
        where: ``path`` looks for the programs in the site's path, ``shell`` on the PATH of the user's shell,
            ``prefix`` in the target prefix, ``recipe`` builds or installs the named recipe,
            ``site`` takes the fields as they stand, after the modules were loaded.
        programs: (field, names to look for, best first); the first field is demanded, others may be missing.
        facts: fields that its programs tell; where one is not told, the provider is not there.
        fields: (field, value) pairs that stand as written; may hold ``${{ env.HDF5_DIR }}``.
        recipe: name of the recipe, for ``where="recipe"``.
        modules: operations that bring it.
        env: (variable, value) pairs that a build with it gets.
        identity: text that changes with the thing behind it: ``cray-mpich ${{ env.CRAY_MPICH_VERSION }}``.
    """

    name: str
    where: Where
    programs: tuple[tuple[str, tuple[str, ...]], ...] = ()
    facts: tuple[Fact, ...] = ()
    fields: Pairs = ()
    recipe: str | None = None
    modules: tuple[Operation, ...] = ()
    env: Pairs = ()
    identity: str = ""
    source: str = ""
    recalled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Virtual:
    """A thing that recipes ask for by name, and its providers, best first.

    Attributes:
        name: ``mpi``, or with a feature ``hdf5[mpi]``; templates use the part before the bracket.
    """

    name: str
    providers: tuple[Provider, ...]


def base_of(virtual: str) -> str:
    """Return the part of a virtual's name that templates use: ``hdf5`` for ``hdf5[mpi]``."""
    return virtual.partition("[")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A kind of processor or accelerator that builds may aim at; a site's first one is its default.

    Attributes:
        modules: operations that choose it.
        fields: (virtual, field, value) that replace a provider's own.
        env: (variable, value) pairs that a build for it gets.
    """

    name: str
    summary: str
    modules: tuple[Operation, ...] = ()
    fields: tuple[tuple[str, str, str], ...] = ()
    env: Pairs = ()
    source: str = ""
    recalled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """When a rule acts; every field that is set must hold.

    Attributes:
        virtual: the build needs it.
        provider: (virtual, provider) pairs that were chosen.
        recipe: name of the recipe.
        target: name of the target.
        python: version specifier for the prefix's Python.
    """

    virtual: str | None = None
    provider: Pairs = ()
    recipe: str | None = None
    target: str | None = None
    python: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A site's instruction with its reason.

    Attributes:
        at: whether it holds while building, while running, or both.
        modules: operations, after those of target and providers.
        env: (variable, value) pairs that are set.
        unset: variables that are removed.
        forbid: patterns of modules that may not be loaded at the end; a recipe cannot overrule it.
        reason, source: why, and who says so.
        since, review_after: from when it holds and when to look again (ISO dates or ``""``).
    """

    name: str
    reason: str
    source: str
    when: When = When()
    at: tuple[Time, ...] = ("build",)
    modules: tuple[Operation, ...] = ()
    env: Pairs = ()
    unset: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()
    since: str = ""
    review_after: str = ""
    recalled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedLibrary:
    """A library that no file of a package may bring in.

    Attributes:
        name: stem of its file: ``libhugetlbfs``.
        rule: name of the rule that keeps it out, or ``""``.
    """

    name: str
    reason: str
    rule: str = ""
    source: str = ""
    recalled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonModule:
    """A module that has a Python from which a new prefix may be made.

    Attributes:
        module: its name, ``python/3.7-anaconda-2019.07``.
        python: the Python version that it has, ``3.7``.
        warning: what a user of it should know, or ``""``.
    """

    module: str
    python: str
    warning: str = ""
    source: str = ""
    recalled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedPython:
    """Interpreters that no prefix may be made from: ``path`` is a pattern, ``/usr/bin/python*``."""

    path: str
    reason: str
    source: str = ""
    recalled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignVariable:
    """A variable of the user's shell that brings a Python or packages from elsewhere.

    Attributes:
        name: ``PYTHONPATH``; ``CONDA_PREFIX`` and ``VIRTUAL_ENV`` for an activated environment other than the
            target, ``LOADEDMODULES`` for a loaded module of the site's ``python_modules``.
        action: what installing and creating do where it is set: nothing, say so, or stop.
            Where packages run it is removed in each case, except for environments and modules.
    """

    name: str
    action: Literal["clear", "warn", "refuse"]
    reason: str
    source: str = ""
    recalled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launcher:
    """What starts ranks.

    Attributes:
        ranks: argv before the program; ``${{ ranks }}`` and provider fields are filled in.
        oversubscribe: (variable, value) pairs set when there are fewer slots than ranks.
        env: (variable, value) pairs that every run gets.
        ask: argv that gets an allocation and runs the rest of the line in it: ``salloc -N 1 …``.
        submit: argv that hands over a job script (its last argument) and prints the job's number.
        directives: lines that a job script begins with (``#SBATCH -N 1``), without the first.
        inside: environment variable that is set inside an allocation.
        most_jobs: how many batch jobs one user may have in the queue, 0 for any number.
    """

    ranks: tuple[str, ...]
    oversubscribe: Pairs = ()
    env: Pairs = ()
    ask: tuple[str, ...] = ()
    submit: tuple[str, ...] = ()
    directives: tuple[str, ...] = ()
    inside: str = ""
    most_jobs: int = 0
    source: str = ""
    recalled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFailure:
    """A failure text of this machine, and what it means there.

    Attributes:
        pattern: regular expression that a line of output matches somewhere.
        node: the kind of node on which it has this meaning, None for any.
        means: what happened, in a sentence.
        cure: what to do about it.
    """

    pattern: str
    means: str
    cure: str
    node: NodeKind | None = None
    source: str = ""
    recalled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSystem:
    """A file system and what the nodes may do with it.

    Attributes:
        login, compute: ``read-write``, ``read-only`` or ``absent``.
        use: what it is for, in a few words.
    """

    path: str
    use: str
    login: str = "read-write"
    compute: str = "read-write"
    source: str = ""
    recalled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What is kept for many: stacks, a folder for each project with its group and modes, and built packages.

    Attributes:
        channel: directory of the channel that every user looks into before his own, ``""`` for none.
        signers: OpenSSH's file of allowed signers of that channel, None where none are demanded.
    """

    root: str
    mode: str = "u=rwX,g=rX,o=rX"
    source: str = ""
    recalled: str = ""
    channel: str = ""
    signers: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompilerCache:
    """Where ccache serves compilations that were done before; it changes no result, so no key holds it.

    Attributes:
        folder: holds programs named like the compilers, which are ccache.
        env: (variable, value) pairs for it (``CCACHE_DIR``, ``CCACHE_MAXSIZE``).
    """

    folder: str
    env: Pairs = ()
    source: str = ""
    recalled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One machine: ``sitecfg/<name>.yaml``.

    Attributes:
        documentation: address of the machine's own page on Python or MPI, or ``""``.
        extends: name of the site that this one was made from, or ``""``.
        abstract: only to be extended; never a machine of its own.
        keep_env: names (``*`` at the end allowed) that pass into a build's otherwise empty environment.
        path: directories of the PATH that every environment begins with.
        targets: the first is the default; none means that there is nothing to choose.
        failures: texts that are explained wherever they turn up.
        channels: conda channels to create prefixes from, best first.
        verify: the level that ``install`` demands unless the user says otherwise.
        text: the file as read (with that of the site that it extends), kept for the record.
        file: absolute path of the site's file.
    """

    name: str
    summary: str
    documentation: str = ""
    extends: str = ""
    abstract: bool = False
    detect: Detect = Detect()
    nodes: tuple[Node, ...] = ()
    keep_env: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    modules: Modules = Modules()
    targets: tuple[Target, ...] = ()
    virtuals: tuple[Virtual, ...] = ()
    rules: tuple[Rule, ...] = ()
    libraries: tuple[RefusedLibrary, ...] = ()
    python_modules: tuple[PythonModule, ...] = ()
    python_refused: tuple[RefusedPython, ...] = ()
    python_variables: tuple[ForeignVariable, ...] = ()
    launcher: Launcher | None = None
    failures: tuple[KnownFailure, ...] = ()
    file_systems: tuple[FileSystem, ...] = ()
    share: Share | None = None
    compiler_cache: CompilerCache | None = None
    channels: tuple[str, ...] = ()
    verify: str = "ranked"
    text: str = ""
    file: str = ""
