"""Programs that the site needs, and those that stand in the way on the PATH."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from pybuild.checkup.modules import activation, is_active
from pybuild.checkup.state import Prefix, Shell, bound
from pybuild.load.programs import find_providers
from pybuild.model.finding import Finding
from pybuild.model.providers import Virtual, base_of
from pybuild.model.site import Site

_ON_DISK = ("path", "shell")
_STARTERS = ("mpiexec", "mpirun", "mpicc")


def missing_programs(shell: Shell, prefix: str) -> Iterator[Finding]:
    """Yield what the site needs and this machine does not have: module tool, compiler, MPI, launcher.

    Args:
        prefix: its own programs do not count for the machine's; ``""`` for none.
    """
    site = shell.site
    for file in site.modules.init if site.modules.tool != "none" else ():
        if not os.path.exists(file):
            yield _missing(
                site, f"{file} is not there, which defines the module command", "pybuild site detect",
                "nothing can be built, and no modules be loaded for runs, without the module tool",
            )  # fmt: skip
    for virtual in site.virtuals:
        if virtual.name in ("compiler", "mpi") and not _provided(virtual, shell, prefix):
            names = " or ".join(
                name for one in virtual.providers for _, row in one.programs[:1] for name in row
            )
            cure = "pybuild site detect says why it is this site"
            if virtual.name == "compiler":
                cure = "install a C compiler (Debian: apt-get install gcc libc6-dev), or load its module"
            yield _missing(
                site, f"nothing provides {virtual.name}: no {names} on the PATH", cure,
                "what is not in a channel yet cannot be built",
            )  # fmt: skip
    yield from _launcher(shell)


def _launcher(shell: Shell) -> Iterator[Finding]:
    launcher = shell.site.launcher
    if launcher is None:
        return
    path = os.pathsep.join((*shell.site.path, shell.path))
    uses = (
        (launcher.ranks, "starts ranks", "no package can be proven by ranks, and no job be started"),
        (launcher.ask, "asks for nodes", "pybuild verify --on compute needs it"),
        (launcher.submit, "takes batch jobs", "--submit and --on slurm need it"),
    )
    for argv, does, why in uses:
        if argv and "${{" not in argv[0] and shutil.which(argv[0], path=path) is None:
            what = f"{argv[0]}, which {does}, is not on the PATH"
            cure = "pybuild site detect says why it is this site; load the module that has it"
            yield _missing(shell.site, what, cure, why, note=does != "starts ranks")


def _missing(site: Site, what: str, cure: str, why: str, *, note: bool = False) -> Finding:
    return Finding(
        check="missing-programs", level="note" if note else "wrong", what=f"site {site.name}: {what}",
        why=why, cure=cure,
    )  # fmt: skip


def _provided(virtual: Virtual, shell: Shell, prefix: str) -> bool:
    """Return whether a provider is there, or one that does not have to be there already."""
    if any(one.where not in _ON_DISK for one in virtual.providers):
        return True
    place = prefix or os.devnull
    return bool(find_providers(shell.site, {virtual.name}, prefix=place, environ=shell.environ))


def mpi_in_the_way(shell: Shell, prefix: Prefix | None) -> Iterator[Finding]:
    """Yield an MPI that comes first on the PATH and is not the one that the packages were built with."""
    mpis = bound_mpi(prefix)
    ours = {str(note["name"]) for note in (prefix.ours if prefix else ())}
    own = any(identity.split(" ")[0] in ours for identity in mpis)
    for root, programs in _first(shell).items():
        owner = environment_of(root, shell.environ)
        if own and prefix is not None and not _same(root, str(prefix.path)):
            yield _beside(programs, root, owner, prefix, shell)
        elif mpis and not own and owner:
            yield _before(programs, root, owner, shell, f"{prefix.path if prefix else ''}")
        elif (
            not mpis and owner and _from_shell(shell.site) and not (prefix and _same(root, str(prefix.path)))
        ):
            yield Finding(
                check="mpi-in-the-way", level="note",
                what=f"{', '.join(programs)}: the first on the PATH belong to {owner}",
                why=f"site {shell.site.name} takes the MPI of the PATH for the machine's own",
                cure=_away(root, shell.environ),
            )  # fmt: skip


def bound_mpi(prefix: Prefix | None) -> tuple[str, ...]:
    """Return the identities of the MPIs that packages of a prefix were built with."""
    rows = (row for note in (prefix.ours if prefix else ()) for row in bound(note))
    return tuple(dict.fromkeys(identity for virtual, identity in rows if base_of(virtual) == "mpi"))


def environment_of(root: str, environ: Mapping[str, str]) -> str:
    """Return what a folder is: a conda environment, a venv, the user's folder of pip, ``""`` for none."""
    if os.path.isdir(os.path.join(root, "conda-meta")):
        return f"the conda environment {root}"
    if os.path.exists(os.path.join(root, "pyvenv.cfg")):
        return f"the virtual environment {root}"
    base = environ.get("PYTHONUSERBASE") or os.path.join(environ.get("HOME", ""), ".local")
    return f"what pip installed in {root}" if _same(root, base) else ""


def _first(shell: Shell) -> dict[str, list[str]]:
    """Return the MPI's programs that the shell would start, by the folder above their ``bin``."""
    found: dict[str, list[str]] = {}
    for name in _STARTERS:
        program = shutil.which(name, path=shell.path)
        if program is not None:
            found.setdefault(str(Path(program).parent.parent), []).append(name)
    return found


def _beside(programs: list[str], root: str, owner: str, prefix: Prefix, shell: Shell) -> Finding:
    path = str(prefix.path)
    cure = _away(root, shell.environ) if is_active(path, shell.environ) else activation(path, shell.environ)
    return Finding(
        check="mpi-in-the-way", level="wrong" if owner else "note",
        what=f"{', '.join(programs)}: the first on the PATH belong to {owner or root}, and the packages of "
        f"{path} to the MPI in it",
        why="a launcher of another MPI starts ranks that are each alone: rank 0 of 1", cure=cure,
    )  # fmt: skip


def _before(programs: list[str], root: str, owner: str, shell: Shell, path: str) -> Finding:
    others = [one for one in shell.path.split(os.pathsep) if not _same(str(Path(one).parent), root)]
    other = shutil.which(programs[0], path=os.pathsep.join(others))
    cure = _away(root, shell.environ)
    if _same(root, path):
        cure = f"{shlex.quote(other)} instead of {programs[0]}" if other else f"conda list -p {path} mpi"
    return Finding(
        check="mpi-in-the-way", level="wrong",
        what=f"{', '.join(programs)}: the first on the PATH belong to {owner}, and the packages of {path} to "
        f"the MPI of site {shell.site.name}",
        why="a launcher of another MPI starts ranks that are each alone: rank 0 of 1", cure=cure,
    )  # fmt: skip


def _away(root: str, environ: Mapping[str, str]) -> str:
    if _same(environ.get("CONDA_PREFIX", ""), root):
        return "conda deactivate"
    if _same(environ.get("VIRTUAL_ENV", ""), root):
        return "deactivate"
    path = (
        one for one in environ.get("PATH", "").split(os.pathsep) if not _same(str(Path(one).parent), root)
    )
    return f"export PATH={shlex.quote(os.pathsep.join(path))}"


def _from_shell(site: Site) -> bool:
    return any(one.where == "shell" for v in site.virtuals if base_of(v.name) == "mpi" for one in v.providers)


def _same(one: str, other: str) -> bool:
    return bool(one and other) and os.path.realpath(one) == os.path.realpath(other)
