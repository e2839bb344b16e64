"""Libraries of which one process can hold only one: MPI and HDF5."""

from __future__ import annotations

import mmap
from collections.abc import Iterable
from dataclasses import dataclass

from pybuild.errors import VerificationError
from pybuild.verify.elf import read_elf
from pybuild.verify.resolve import Closure, Found, Loader
from pybuild.verify.tree import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A kind of library that goes by many file names.

    Attributes:
        name: as messages call it.
        stem: what its file names begin with: ``libmpi_gnu_91.so.12``, ``libmpich.so.12``, ``libmpi.so.40``.
        symbol: a function of the library itself that its companions (``libmpi_cxx``) do not have.
    """

    name: str
    stem: str
    symbol: str


MPI = Family(name="MPI", stem="libmpi", symbol="MPI_Init")
HDF5 = Family(name="HDF5", stem="libhdf5", symbol="H5open")
FAMILIES = (MPI, HDF5)


def libraries_of(family: Family, closure: Closure, loader: Loader) -> dict[str, Found]:
    """Return the family's libraries in a closure by real path, companions left out.

    Raises:
        VerificationError: one of them is a damaged ELF file.
    """
    return {
        item.real: item
        for item in closure.found
        if item.name.startswith(family.stem)
        and item.real is not None
        and loader.defines(item.real, family.symbol)
    }


def find_users(tree: Tree) -> tuple[str, ...]:
    """Return the ELF files that need any library of a family by name, sorted.

    Looked at is every file of the tree that is called like a library or lies in ``bin``. Unreadable and
    damaged files are passed over: they are the business of the package that owns them.
    """
    stems = tuple(family.stem for family in FAMILIES)
    users = []
    for path in _likely(tree.files()):
        disk = tree.disk(tree.final(path))
        try:
            facts = None if disk is None or not _names_any(disk, stems) else read_elf(disk)
        except (OSError, VerificationError):
            continue
        if facts is not None and any(name.startswith(stems) for name in facts.needed):
            users.append(path)
    return tuple(sorted(users))


def _names_any(path: str, stems: tuple[str, ...]) -> bool:
    """Return whether a file is ELF and holds one of the stems at all: most files need no closer look.

    Parsing costs a hundred times what this does, and a prefix has hundreds of extensions.
    """
    with open(path, "rb") as file:
        if file.read(4) != b"\x7fELF":
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return any(data.find(stem.encode()) >= 0 for stem in stems)


def check_one(
    family: Family, own: Iterable[Closure], others: Iterable[str], loader: Loader, main: str
) -> str:
    """Return the problem of a second library of a family in the prefix, ``""`` where there is only one.

    Args:
        own: closures of the package's files; where none of them uses the family, there is nothing to say.
        others: files of the whole prefix, relative to it, that may use the family.
        main: final path of the interpreter, ``""`` for none.

    Raises:
        VerificationError: a library is a damaged ELF file.
    """
    users: dict[str, str] = {}
    for closure in own:
        for real in libraries_of(family, closure, loader):
            users.setdefault(real, loader.tree.shown(closure.path))
    if not users:
        return ""
    lost = []
    for path in others:
        closure_of = _closure(path, loader, main)
        if closure_of is None:
            continue
        for real in libraries_of(family, closure_of, loader):
            users.setdefault(real, path)
        lost += [
            f"{path} needs {item.name}, which is found nowhere"
            for item in closure_of.found
            if item.real is None and item.name.startswith(family.stem)
        ]
    if len(users) == 1 and not lost:
        return ""
    found = [f"{loader.tree.shown(real)} (used by {user})" for real, user in users.items()]
    return f"the prefix must have one {family.name} library, found {' and '.join(found + lost)}"


def _closure(path: str, loader: Loader, main: str) -> Closure | None:
    final = loader.tree.final(path)
    facts = loader.facts(final)
    if facts is None or facts.kind not in {"shared", "executable"}:
        return None
    return loader.closure(final, main=main if main and facts.kind == "shared" else None)


def _likely(paths: Iterable[str]) -> Iterable[str]:
    return (path for path in paths if ".so" in path.rsplit("/", 1)[-1] or path.startswith("bin/"))
