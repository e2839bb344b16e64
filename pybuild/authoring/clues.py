"""Which libraries of the site a source seems to use, and in which file that was seen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pybuild.authoring.texts import read, walk

_C = {".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".hh", ".cu"}
_CYTHON = {".pyx", ".pxd", ".pxi"}
_FORTRAN = {".f", ".f90", ".f95", ".f03", ".f77", ".for"}
_BUILD = {"cmakelists.txt", "meson.build", "setup.py", "setup.cfg", "pyproject.toml", "configure.ac",
          "configure.in", "makefile", "makefile.in", "makefile.am", "setup_build.py",
          "setup_configure.py"}  # fmt: skip
# What lies here is not what the package is built from.
_ASIDE = re.compile(
    r"(^|/)(docs?|examples?|demos?|tests?|testing|benchmarks?|tutorials?|notebooks?)(/|$)|(^|/)test_"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A word that means a library, in files of some kinds.

    Attributes:
        virtual: what the recipe would ask the site for, or a recipe's name.
        kinds: ``build``, ``source`` (compiled) or ``python``.
    """

    virtual: str
    kinds: tuple[str, ...]
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clue:
    """One thing that was seen: ``mpi`` because of ``mpicc`` in ``setup.py``."""

    virtual: str
    file: str
    word: str
    kind: str


def _sign(virtual: str, kinds: str, *words: str) -> Sign:
    return Sign(
        virtual=virtual, kinds=tuple(kinds.split()), pattern=re.compile("|".join(words), re.MULTILINE)
    )


def _header(name: str) -> str:
    return rf"#\s*include\s*[<\"](?:[\w/]*/)?{name}[>\"]|cdef extern from [<\"'].*?{name}"


def _finds(name: str) -> str:
    return rf"(?i:find_package\s*\(\s*{name}\b)|dependency\s*\(\s*'(?i:{name})"


SIGNS = (
    _sign("mpi", "source", _header(r"mpi\.h"), r"\bcimport\s+mpi4py\b", r"from\s+mpi4py\S*\s+cimport",
          r"^\s*use\s+mpi(_f08)?\b", r"include\s+'mpif\.h'"),
    _sign("mpi", "build", r"\bmpi(cc|cxx|c\+\+|icc|fort|f90)\b", r"\bMPI(CC|CXX)\b",
          r"mpi4py\.get_(include|config)", _finds("MPI"), r"\bA[CX]_(PROG_)?MPI"),
    _sign("mpi4py", "python", r"^\s*(from|import)\s+mpi4py\b"),
    _sign("hdf5[mpi]", "source build", r"H5Pset_(fapl|dxpl)_mpio", r"\bHDF5_MPI\b", r"\bh5pcc\b"),
    _sign("hdf5", "source", _header(r"hdf5(_hl)?\.h"), r"^\s*use\s+hdf5\b"),
    _sign("hdf5", "build", _finds("HDF5"), r"\bHDF5_(DIR|ROOT|INCLUDE)\w*", r"\bh5cc\b", r"[\"']hdf5[\"']"),
    _sign("netcdf[mpi]", "source", _header(r"netcdf_par\.h")),
    _sign("netcdf", "source", _header(r"netcdf\.h"), r"^\s*use\s+netcdf\b"),
    _sign("netcdf", "build", _finds("netCDF"), r"\bNETCDF4?_(DIR|ROOT|INCLUDE)\w*", r"\bnc-config\b",
          r"[\"']netcdf[\"']"),
    _sign("pnetcdf", "source build", _header(r"pnetcdf\.h"), _finds("PnetCDF"), r"\bPNETCDF_(DIR|ROOT)\b",
          r"\bpnetcdf-config\b"),
    _sign("fftw[mpi]", "source build", _header(r"fftw3-mpi\.h"), r"[\"']fftw3[fl]?_mpi[\"']",
          r"-lfftw3[fl]?_mpi"),
    _sign("fftw", "source", _header(r"fftw3\.h"), r"include\s+'fftw3\.f03'"),
    _sign("fftw", "build", _finds("FFTW3?"), r"[\"']fftw3[fl]?[\"']", r"-lfftw3", r"\bFFTW_(DIR|ROOT|PATH)\b",
          r"\bfftw3?-wisdom\b"),
    _sign("blas", "source", _header(r"(cblas|lapacke|openblas_config)\.h")),
    _sign("blas", "build", _finds("(BLAS|LAPACK|OpenBLAS)"), r"-l(blas|lapack|openblas)\b",
          r"[\"'](blas|lapack|openblas|cblas)[\"']"),
    _sign("petsc", "source build", _header(r"petsc\w*\.h"), r"\bPETSC_(DIR|ARCH)\b", _finds("PETSc")),
    _sign("slepc", "source build", _header(r"slepc\w*\.h"), r"\bSLEPC_DIR\b", _finds("SLEPc")),
    _sign("adios2", "source build", _header(r"adios2\w*\.h"), _finds("ADIOS2")),
    _sign("gsl", "source build", _header(r"gsl/gsl_\w+\.h"), r"\bgsl-config\b", _finds("GSL")),
    _sign("cfitsio", "source build", _header(r"fitsio2?\.h"), _finds("CFITSIO")),
    _sign("boost", "build", _finds("Boost")),
    _sign("openmp", "build", r"-fopenmp\b", _finds("OpenMP"), r"-qopenmp\b"),
    _sign("cuda", "build", _finds("CUDA\\w*"), r"\bnvcc\b", r"\bCUDA_(HOME|PATH|ROOT)\b"),
)  # fmt: skip
# Looked for first, because that is much faster than the patterns.
_STEMS: dict[str, tuple[str, ...]] = {sign.virtual: (sign.virtual.partition("[")[0],) for sign in SIGNS}
_STEMS |= {"hdf5": ("hdf5", "h5cc"), "hdf5[mpi]": ("h5p", "hdf5_mpi"), "netcdf": ("netcdf", "nc-config")}
_STEMS |= {"blas": ("blas", "lapack"), "cuda": ("cuda", "nvcc"), "cfitsio": ("fitsio",)}
_TOP = 256 * 1024
_STRENGTH = {"build": 0, "source": 1, "python": 2}


def look(folder: Path) -> tuple[Clue, ...]:
    """Return the strongest clue for each library: in a build file, else in a source, else in Python."""
    best: dict[str, Clue] = {}
    for path in walk(folder):
        name = path.relative_to(folder).as_posix()
        kind = kind_of(name)
        if not kind or _ASIDE.search(name):
            continue
        for clue in _clues(read(path), name, kind):
            known = best.get(clue.virtual)
            if known is None or _STRENGTH[clue.kind] < _STRENGTH[known.kind]:
                best[clue.virtual] = clue
    return tuple(sorted(best.values(), key=lambda clue: _order(clue.virtual)))


def kind_of(name: str) -> str:
    """Return what a file is for a build: ``build``, ``source``, ``python`` or ``""``."""
    base = name.rpartition("/")[2].lower()
    end = base[base.rfind(".") :] if "." in base else ""
    if base in _BUILD or end in (".cmake", ".m4") or (end == ".py" and "conf/" in f"/{name}"):
        return "build"
    if end in _C | _CYTHON | _FORTRAN:
        return "source"
    return "python" if end == ".py" else ""


def uses_mpi(text: str) -> bool:
    """Return whether a compiled source uses MPI."""
    return any(
        sign.pattern.search(text) for sign in SIGNS if sign.virtual == "mpi" and "source" in sign.kinds
    )


def languages(folder: Path) -> frozenset[str]:
    """Return what a source is written in besides Python: ``c``, ``cython``, ``c++``, ``fortran``."""
    found = set()
    for path in walk(folder):
        name = path.relative_to(folder).as_posix()
        if _ASIDE.search(name):
            continue
        end = path.suffix.lower()
        found |= {"fortran"} if end in _FORTRAN else {"cython"} if end in (".pyx",) else set()
        found |= {"c"} if end == ".c" else {"c++"} if end in (".cc", ".cpp", ".cxx") else set()
    return frozenset(found)


def _clues(text: str, name: str, kind: str) -> Iterator[Clue]:
    # What a source includes stands at its top; generated ones have megabytes below that.
    text = text[:_TOP] if kind == "source" else text
    low = text.lower()
    for sign in SIGNS:
        if kind not in sign.kinds or not any(stem in low for stem in _STEMS[sign.virtual]):
            continue
        if found := sign.pattern.search(text):
            yield Clue(virtual=sign.virtual, file=name, word=" ".join(found[0].split()), kind=kind)


def _order(virtual: str) -> int:
    return [sign.virtual for sign in SIGNS].index(virtual)
