"""What this machine shows of itself in the shell of a user: modules, wrappers, launcher."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pybuild import process
from pybuild.model.modules import Tool
from pybuild.model.pairs import Pairs

LAUNCHERS = ("srun", "aprun", "jsrun", "ibrun", "mpiexec", "mpirun")
"""Best first: a batch system's own before one that an MPI brings."""

_JOBS = ("SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID")
_PROGRAMS = (
    *LAUNCHERS, "salloc", "sbatch", "cc", "CC", "ftn", "mpicc", "mpicxx", "mpic++", "mpifort",
    "gcc", "g++", "gfortran", "icx", "icpx", "ifx", "icc", "icpc", "ifort", "nvc", "nvc++", "nvfortran",
)  # fmt: skip
_DEFAULT_INITS = {"lmod": "/usr/share/lmod/lmod/init/bash", "tcl": "/usr/share/modules/init/bash"}
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was found.

    Attributes:
        marks: (variable, value) pairs that name the machine, the best first.
        tool: the module tool, and in ``tool_by`` what told so.
        init: the file that defines the ``module`` command; ``init_there`` whether it exists.
        folders: folders of modulefiles that were set before anything was loaded, as far as that can be told.
        loaded: modules with their versions, in the order in which they were loaded.
        programs: absolute path of each program of interest that is on the PATH.
        variables: names of all variables that are set.
        mpi_libraries: names of libraries that mpicc says it links, and ``mpi_says`` its own words.
        job: the batch system's variable, where this is inside a job.
    """

    hostname: str
    marks: Pairs
    tool: Tool
    tool_by: str
    init: str
    init_there: bool
    folders: tuple[str, ...]
    loaded: tuple[str, ...]
    programs: Mapping[str, str]
    variables: frozenset[str]
    mpi_libraries: tuple[str, ...]
    mpi_says: str
    job: str


def look(environ: Mapping[str, str], hostname: str) -> Seen:
    """Return what this machine shows.

    Args:
        environ: the user's environment: what is loaded in it is what the draft is about.
    """
    tool, by = _tool(environ)
    init = init_of(tool, environ)
    path = environ.get("PATH", os.defpath)
    programs = {name: found for name in _PROGRAMS if (found := shutil.which(name, path=path))}
    says = _asked(programs.get("mpicc"), environ)
    return Seen(
        hostname=hostname,
        marks=_marks(environ),
        tool=tool,
        tool_by=by,
        init=init,
        init_there=os.path.isfile(init),
        folders=_folders(tool, environ),
        loaded=tuple(_parts(environ.get("LOADEDMODULES", ""))) if tool != "none" else (),
        programs=programs,
        variables=frozenset(environ),
        mpi_libraries=tuple(dict.fromkeys(re.findall(r"-l(mpi\w*)", says))),
        mpi_says=says,
        job=next((name for name in _JOBS if environ.get(name)), ""),
    )


def init_of(tool: Tool, environ: Mapping[str, str]) -> str:
    """Return the file that defines ``module`` for a bash, as far as this machine says; it may not exist."""
    inits = _inits(tool, environ)
    return next((path for path in inits if os.path.isfile(path)), inits[0] if inits else "")


def _tool(environ: Mapping[str, str]) -> tuple[Tool, str]:
    if environ.get("LMOD_CMD"):
        return (
            "lmod",
            f"LMOD_CMD is {environ['LMOD_CMD']}, LMOD_VERSION {environ.get('LMOD_VERSION', 'not set')}",
        )
    for name in ("MODULES_CMD", "MODULESHOME"):
        if environ.get(name):
            return "tcl", f"{name} is {environ[name]}"
    found = shutil.which("modulecmd", path=environ.get("PATH", os.defpath))
    if found:
        return "tcl", f"{found} is on the PATH"
    return "none", "neither LMOD_CMD nor MODULESHOME is set, and no modulecmd is on the PATH"


def _inits(tool: Tool, environ: Mapping[str, str]) -> list[str]:
    """Return where the tool's file for bash may be, the likeliest first."""
    if tool == "none":
        return []
    roots = [environ.get("LMOD_PKG", ""), _above(environ.get("LMOD_CMD", ""))] if tool == "lmod" else []
    roots += [environ.get("MODULESHOME", ""), _above(environ.get("MODULES_CMD", ""))]
    inits = [os.path.join(root, "init", "bash") for root in roots if os.path.isabs(root)]
    return inits or [_DEFAULT_INITS[tool]]


def _above(program: str) -> str:
    """Return the folder above that of a program: ``/opt/lmod`` for ``/opt/lmod/libexec/lmod``."""
    return os.path.dirname(os.path.dirname(program))


def _folders(tool: Tool, environ: Mapping[str, str]) -> tuple[str, ...]:
    if tool == "none":
        return ()
    # Lmod's own list has no folder in it that a loaded compiler or MPI opened
    paths = environ.get("LMOD_DEFAULT_MODULEPATH") or environ.get("MODULEPATH", "")
    return tuple(part for part in _parts(paths) if part.startswith("/"))


def _marks(environ: Mapping[str, str]) -> Pairs:
    hosts = sorted(name for name in environ if re.fullmatch(r"[A-Z0-9]+_HOST", name))
    names = ("LMOD_SYSTEM_NAME", *hosts, "SLURM_CLUSTER_NAME")
    # an address or a path names something else than a machine
    good = [(name, environ[name]) for name in names if _PLAIN.fullmatch(environ.get(name, ""))]
    return tuple((name, value) for name, value in good if not re.fullmatch(r"[\d.]+", value))


def _asked(mpicc: str | None, environ: Mapping[str, str]) -> str:
    """Return what ``mpicc -show`` says; wrappers of a site work only among its modules, so they see them."""
    if mpicc is None:
        return ""
    answer = process.capture((mpicc, "-show"), env=dict(environ), timeout=20)
    return " ".join(answer.out.split()) if answer.code == 0 else ""


def _parts(text: str) -> Iterable[str]:
    return dict.fromkeys(part for part in text.split(":") if part)
