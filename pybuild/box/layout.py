"""Where things lie in a box."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The folders of one box, and what real parts it was given.

    Attributes:
        mpi, hdf5, serial_hdf5, hugetlbfs: roots of libraries in the box, ``""`` where there are none.
        mpi_link: what is linked for MPI: ``-lmpich``.
        others: (kind, root, what is linked) of further real libraries: ``fftw``, ``blas``.
        static: the wrappers link statically unless told otherwise.
        accelerators: targets that the modules can choose: ``nvidia80``, ``amd_gfx90a``.
    """

    folder: str
    mpi: str = ""
    mpi_link: str = ""
    hdf5: str = ""
    serial_hdf5: str = ""
    hugetlbfs: str = ""
    others: tuple[tuple[str, str, str], ...] = ()
    static: bool = False
    accelerators: tuple[str, ...] = ()

    def below(self, *names: str) -> str:
        """Return a path in the box."""
        return os.path.join(self.folder, *names)

    def opt(self, name: str, version: str = "") -> str:
        """Return where the product of a module is installed: ``opt/gcc/8.3.0``."""
        return os.path.join(self.folder, "opt", name, version or "default")

    def root(self, kind: str, name: str, version: str, *, parallel: bool) -> str:
        """Return the root that a module stands for: real libraries where the box has them."""
        real = {one: root for one, root, _ in self.others}
        real |= {"mpi": self.mpi, "hdf5": self.hdf5 if parallel else self.serial_hdf5}
        return real.get(kind) or self.opt(name, version)

    def link(self, kind: str) -> str:
        """Return what is linked for a kind of ``others``, ``""`` where the box has no such library."""
        return next((link for one, _, link in self.others if one == kind), "")
