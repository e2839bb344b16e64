"""Sites as written: what one machine offers and demands.

Many records carry ``source`` (who says so, and when) and ``recalled``
(what of it is only remembered, not documented; empty where all of it has the source).
"""

from __future__ import annotations

from dataclasses import dataclass

from pybuild.model.launcher import KnownFailure, Launcher
from pybuild.model.modules import Tool
from pybuild.model.nodes import NOWHERE, Detect, FileSystem, Node
from pybuild.model.pairs import Pairs
from pybuild.model.providers import Target, Virtual
from pybuild.model.pythons import ForeignVariable, PythonModule, RefusedPython
from pybuild.model.rules import RefusedLibrary, Rule


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


MODE = "u=rwX,g=rX,o=rX"
"""Of a stack whose file says none, at a site that says none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What is kept for many: stacks, a folder for each project with its group and modes, and built packages.

    Attributes:
        mode: of stacks whose file says none, as chmod writes it.
        channel: directory of the channel that every user looks into before his own, ``""`` for none.
        signers: OpenSSH's file of allowed signers of that channel, None where none are demanded.
    """

    root: str
    mode: str = MODE
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
    detect: Detect = NOWHERE
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
