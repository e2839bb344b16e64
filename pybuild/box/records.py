"""What a box is made of, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pybuild.model.pairs import Pairs
from pybuild.model.site import Site

Kind = Literal[
    "prgenv", "wrappers", "compiler", "cpu", "accelerator", "network", "hugepages",
    "mpi", "hdf5", "netcdf", "pnetcdf", "fftw", "blas", "tracker", "python", "plain",
]  # fmt: skip
"""What a module is, as far as its name says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Libraries:
    """Real libraries of this machine that stand behind a module of the box.

    Attributes:
        include: folder with the headers.
        folders: their ``lib*.so*`` and ``lib*.a`` are copied; so they also hold what those need.
        programs: files that are copied too and find these libraries: ``mpiexec.hydra`` and its proxy.
    """

    include: str
    folders: tuple[str, ...]
    programs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxModule:
    """One module of the box, before it is written for one tool or the other.

    Attributes:
        version: ``""`` for modules without one (``craype-haswell``).
        default: whether the name alone means this version.
        family: name of the set of which only one may be loaded, or ``""``.
        rivals: names of the other members of that set.
        replaces: names of modules that go when this one comes.
        loads: modules that come with it.
        needs: modules without which it refuses to be loaded.
        sets, prepends, appends: (variable, value) pairs; the last two are lists with ``:`` between.
    """

    name: str
    version: str
    kind: Kind
    default: bool = True
    family: str = ""
    rivals: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    loads: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    sets: Pairs = ()
    prepends: Pairs = ()
    appends: Pairs = ()

    def full(self) -> str:
        """Return the module's name as it stands in the list of loaded modules."""
        return f"{self.name}/{self.version}" if self.version else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxedSite:
    """A box that was made.

    Attributes:
        site: the site as it is in the box: its module tool, PATH and launcher are the box's.
        sites: folder with the changed site file, for ``--sites``.
        file: that file.
        modulefiles: folder of the modulefiles.
        login: file that a bash reads to stand where a user of the machine stands after login.
        mpi, hdf5: roots of the libraries, ``""`` where the box has none.
        notes: sentences on what the box does not imitate.
    """

    site: Site
    folder: str
    sites: str
    file: str
    modulefiles: str
    login: str
    mpi: str = ""
    hdf5: str = ""
    notes: tuple[str, ...] = ()
