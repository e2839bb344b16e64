"""The plan: everything that will be done, as a value.

Strings may hold the late tokens below; the executor and the script fill them in, each in its own way:

========================  ==========================================================
``${{ prefix }}``         the target prefix
``${{ host }}``           the prefix that a build links against (see ``BuildPlan.host``)
``${{ python }}``         the interpreter that runs the build
``${{ source }}``         the unpacked source
``${{ overlay }}``        the build requirements, outside every prefix
``${{ staging }}``        where the build's files are gathered before they are packed
``${{ dist }}``           where the build leaves a wheel
``${{ jobs }}``           how many processes the build may use
``${{ ranks }}``          how many ranks a check runs
``${{ env.NAME }}``       what the loaded modules set a variable to
========================  ==========================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pybuild.model.modules import ModulePlan
from pybuild.model.site import CompilerCache

LATE = ("prefix", "host", "python", "source", "overlay", "staging", "dist", "jobs", "ranks")

Action = Literal["build", "channel", "keep", "conda"]
Change = Literal["new", "replace", "upgrade", "downgrade", "none"]
EditKind = Literal["set", "prepend", "unset"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One change to an environment, with what ``explain`` prints about it.

    Attributes:
        why: the reason.
        by: what put it there: ``site cori: rule dynamic-linking``, ``recipe h5py``; ``""`` for pybuild.
        source, since: who says so, and from when it holds.
    """

    kind: EditKind
    name: str
    value: str = ""
    why: str = ""
    by: str = ""
    source: str = ""
    since: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file that the build needs; its bytes are known by hash before they are fetched.

    Attributes:
        file: its name.
        pypi: the index project that has it, or None.
        url: its address, or None.
        git: address of the repository whose ``commit`` is made into it, or None.
    """

    file: str
    sha256: str
    pypi: str | None = None
    url: str | None = None
    git: str | None = None
    commit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpack:
    """Unpack a source archive into ``${{ source }}``, or a folder below it, without its top folder."""

    download: Download
    folder: str = ""
    kind: Literal["unpack"] = "unpack"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyPatch:
    """Apply a patch to ``${{ source }}`` with ``patch -p1``."""

    file: str
    text: str
    kind: Literal["patch"] = "patch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """Install wheels into ``${{ overlay }}`` for the build only."""

    downloads: tuple[Download, ...]
    kind: Literal["overlay"] = "overlay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Run one command in ``${{ source }}``, or in a folder below it."""

    name: str
    argv: tuple[str, ...]
    folder: str = ""
    kind: Literal["run"] = "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageWheel:
    """Install a wheel into the staging prefix.

    Attributes:
        download: the wheel, or None for the one that the build left in ``${{ dist }}``.
    """

    download: Download | None = None
    kind: Literal["stage-wheel"] = "stage-wheel"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageInterpreter:
    """Copy a Python of this machine into the staging prefix and make it relocatable."""

    interpreter: str
    kind: Literal["stage-interpreter"] = "stage-interpreter"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTree:
    """Move what was installed below ``${{ dist }}${{ host }}`` into the staging prefix."""

    kind: Literal["stage-tree"] = "stage-tree"


Step = Unpack | ApplyPatch | Overlay | Run | StageWheel | StageTree | StageInterpreter


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPlan:
    """How one package is built.

    Attributes:
        python: full version of the Python that it is built for.
        new_python: whether that Python is itself a package of this plan (then it runs from ``${{ host }}``).
        host: names of the plan's packages that must stand in the host prefix before the build starts.
        modules: how a module tool makes the environment that the edits begin from; None where it is empty.
        environment: edits to that environment, in order.
        inputs: canonical JSON text of what the key is made from.
        stage_paths: patterns of files that may mention folders of the stage.
    """

    python: str
    new_python: bool
    host: tuple[str, ...]
    environment: tuple[Edit, ...]
    steps: tuple[Step, ...]
    inputs: str
    modules: ModulePlan | None = None
    stage_paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCheck:
    """A recipe's check with its templates filled in.

    Attributes:
        level: the verification level that it belongs to.
        module, file: for ``links``: the extension module, or the library or program below the prefix.
        soname: for ``links``: stem of the library that must be linked (``libmpi``), its file and where from.
        library: final path of the provider's library where it is known; may hold ``${{ prefix }}``.
        virtual: what the library is a provider of.
        wrapper: argv that links a shared object with the provider, asked where ``library`` is not known.
        launcher: argv before the program for ranks, empty for checks without ranks.
        environment: (variable, value) pairs that ranks get where a node has fewer slots than there are ranks.
    """

    level: Literal["linked", "imported", "ranked"]
    name: str
    imports: tuple[str, ...] = ()
    module: str | None = None
    file: str | None = None
    soname: str | None = None
    library: str | None = None
    virtual: str = ""
    wrapper: tuple[str, ...] = ()
    script: str | None = None
    command: tuple[str, ...] = ()
    ranks: int = 0
    launcher: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagePlan:
    """What happens to one package.

    Attributes:
        build_string: ``py311_generic_h1a2b3c4d_0``.
        action: build it, take it from our channel, keep what the prefix has, or take it from a conda channel.
        change: what it does to the prefix.
        was: (version, build) that it replaces, or None.
        depends: conda requirements of the package.
        file: the channel's file for ``channel``, the address for ``conda``, None otherwise.
        sha256: of that file.
        why: sentences on how it came to be here: who asked, versions passed over, providers chosen.
        build: how to build it; None for ``keep`` and ``conda``.
        identity: (virtual, identity) of each provider it binds.
        files: names of files beside the recipe that the package carries (test scripts).
        absent: libraries that may be missing on this machine, as the recipe says.
        directory: absolute path of the recipe's folder.
        unproven: nobody has built this recipe with this repository yet.
        run_modules, run_environment: how the environment is made in which the package runs.
        fields: (``mpi.cc``, value, who gives it) of the providers that it was planned with.
        refused: (stem of a library, why and what keeps it out) that no file of the package may bring in.
    """

    name: str
    version: str
    build_string: str
    key: str
    loose_key: str
    action: Action
    change: Change
    requested: bool
    was: tuple[str, str] | None = None
    options: tuple[str, ...] = ()
    depends: tuple[str, ...] = ()
    file: str | None = None
    sha256: str | None = None
    why: tuple[str, ...] = ()
    build: BuildPlan | None = None
    checks: tuple[PlannedCheck, ...] = ()
    identity: tuple[tuple[str, str], ...] = ()
    files: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    directory: str = ""
    recipe_text: str = ""
    summary: str = ""
    homepage: str = ""
    license: str = ""
    unproven: bool = False
    run_modules: ModulePlan | None = None
    run_environment: tuple[Edit, ...] = ()
    fields: tuple[tuple[str, str, str], ...] = ()
    refused: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that one request will do.

    Attributes:
        packages: in the order they are built and installed.
        new_prefix: the prefix does not exist yet.
        notes: sentences about the whole (site chosen, where Python comes from).
        removes: (name, version, build) of packages that leave the prefix.
        verify: level that every requested package must reach.
        channel: absolute path of the channel on disk.
        target: what the builds aim at, ``""`` where the site has no choice of targets.
        node: kind of the node that the plan was made on, ``""`` where the site does not tell them apart.
        most_jobs: processes that the site lets builds use on such nodes, 0 for any number.
        most_jobs_why: the site's reason and who says so.
        compiler_cache: what may serve compilations from before, None where the site has no such thing.
    """

    specs: tuple[str, ...]
    site: str
    site_text: str
    prefix: str
    new_prefix: bool
    python: str
    subdir: str
    packages: tuple[PackagePlan, ...]
    channel: str
    verify: str
    notes: tuple[str, ...] = ()
    removes: tuple[tuple[str, str, str], ...] = ()
    target: str = ""
    node: str = ""
    most_jobs: int = 0
    most_jobs_why: str = ""
    compiler_cache: CompilerCache | None = None

    def to_prove(self) -> tuple[str, ...]:
        """Return what was asked for and what it binds; a Python and pip prove themselves by use."""
        bound = {identity.split(" ")[0] for p in self.packages if p.requested for _, identity in p.identity}
        return tuple(p.name for p in self.packages if p.key and (p.requested or p.name in bound))

    def changes_nothing(self) -> bool:
        """Return whether the prefix already is what was asked for."""
        return not self.removes and all(package.action == "keep" for package in self.packages)
