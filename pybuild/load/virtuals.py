"""The virtuals that recipes may ask for and the fields that templates may use."""

from __future__ import annotations

import re
from collections.abc import Iterator

FEATURES: dict[str, tuple[str, ...]] = {"hdf5": ("mpi",), "netcdf": ("mpi",), "fftw": ("mpi",)}
"""Virtuals that come in kinds of their own: ``hdf5`` is serial, ``hdf5[mpi]`` has MPI-IO."""

_LIBRARY = {
    "name": "what it is called: cray-hdf5-parallel",
    "cc": "the compiler wrapper that finds it: h5pcc",
    "root": "the directory that has include and lib",
    "soname": "stem of the library that an extension must link: libhdf5",
    "library": "path of that library, where it is known",
    "version": "its version",
}

VIRTUALS: dict[str, dict[str, str]] = {
    "compiler": {
        "cc": "the C compiler",
        "cxx": "the C++ compiler",
        "fc": "the Fortran compiler",
    },
    "mpi": {
        "name": "what the library calls itself: mpich, openmpi, cray-mpich",
        "cc": "the C compiler that finds MPI",
        "cxx": "the C++ compiler that finds MPI",
        "fc": "the Fortran compiler that finds MPI",
        "mpiexec": "starts ranks",
        "dynamic": "flags that make the wrapper link a program with shared libraries, may be empty",
        "root": "the directory that has include and lib",
        "shared": "flags that make the wrapper link a shared library, may be empty",
        "soname": "stem of the library that an extension must link: libmpi",
        "library": "path of that library, where it is known: an extension must link this very file",
    },
    "hdf5": _LIBRARY,
    "netcdf": _LIBRARY,
    "pnetcdf": _LIBRARY,
    "fftw": _LIBRARY,
    "blas": {
        **_LIBRARY,
        "libs": "words for the linker, LAPACK included; empty where the compiler wrapper adds them",
    },
}
"""What each field of each virtual means; ``pybuild recipe lint`` refuses others."""

_TEMPLATE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


def known_virtual(name: str) -> bool:
    """Return whether recipes may ask for ``mpi`` or ``hdf5[mpi]`` by this name."""
    base, bracket, feature = name.partition("[")
    return base in VIRTUALS and (not bracket or feature.rstrip("]") in FEATURES.get(base, ()))


def known_virtuals() -> str:
    """Return every virtual's name, for messages."""
    kinds = (f"{base}[{feature}]" for base, features in FEATURES.items() for feature in features)
    return ", ".join(sorted([*VIRTUALS, *kinds]))


def templates(text: str) -> Iterator[str]:
    """Yield what stands between ``${{`` and ``}}``, without the blanks around it."""
    for match in _TEMPLATE.finditer(text):
        yield match.group(1).strip()


def broken_template(text: str) -> bool:
    """Return whether a ``${{`` is never closed, or a shell's ``${`` was meant."""
    return "${" in _TEMPLATE.sub("", text)
