"""What the names of modules mean on Cray machines and clusters, and what versions they had."""

from __future__ import annotations

import re
from typing import NamedTuple

from pybuild.box.records import Kind


class Suite(NamedTuple):
    """A compiler suite.

    Attributes:
        environment: the value of ``PE_ENV``.
        module: the compiler's own module.
        programs: C, C++ and Fortran compiler.
        banner: first line of ``--version``; ``{}`` stands for the version.
    """

    environment: str
    module: str
    programs: tuple[str, str, str]
    banner: str


SUITES = {
    "gnu": Suite("GNU", "gcc", ("gcc", "g++", "gfortran"), "gcc (GCC) {} (box)"),
    "intel": Suite("INTEL", "intel", ("icc", "icpc", "ifort"), "icc (ICC) {} (box)"),
    "cray": Suite("CRAY", "cce", ("craycc", "crayCC", "crayftn"), "Cray clang version {} (box)"),
    "nvidia": Suite("NVIDIA", "nvhpc", ("nvc", "nvc++", "nvfortran"), "nvc {} (box)"),
    "nvhpc": Suite("NVIDIA", "nvhpc", ("nvc", "nvc++", "nvfortran"), "nvc {} (box)"),
    "aocc": Suite("AOCC", "aocc", ("clang", "clang++", "flang"), "AMD clang version {} (box)"),
    "amd": Suite("AMD", "amd", ("amdclang", "amdclang++", "amdflang"), "AMD clang version {} (box)"),
    "pgi": Suite("PGI", "pgi", ("pgcc", "pgc++", "pgfortran"), "pgcc {} (box)"),
}
"""The part of ``PrgEnv-<name>`` after the hyphen, and what is behind it."""

OTHER_COMPILERS = {
    "gcc-native": "gnu", "gnu": "gnu", "intel-compilers": "intel", "intel-oneapi": "intel", "oneapi": "intel",
    "icc": "intel", "nvidia": "nvidia", "rocmcc": "amd",
}  # fmt: skip
"""Names under which other machines keep the same compilers."""

_KINDS: tuple[tuple[str, Kind], ...] = (
    (r"PrgEnv-.+", "prgenv"),
    (r"craype", "wrappers"),
    (r"craype-accel-.+", "accelerator"),
    (r"craype-network-.+", "network"),
    (r"craype-hugepages.+", "hugepages"),
    (r"craype-dl-plugin.*", "plain"),
    (r"craype-.+", "cpu"),
    (r"cray-mpich(-abi)?|cray-mpich-.*|openmpi|mpich|impi|intel-?mpi|mvapich.*|mpi", "mpi"),
    (r"(cray-)?p?hdf5(-parallel|-mpi|-openmpi)?", "hdf5"),
    # TACC's parallel-netcdf is netCDF upon parallel HDF5, Cray's cray-parallel-netcdf is PnetCDF.
    (r"(cray-)?netcdf(-c|-mpi|-serial|-hdf5parallel)?|parallel-netcdf", "netcdf"),
    (r"(cray-parallel-|p)netcdf", "pnetcdf"),
    (r"(cray-)?fftw3?(-mpi|-serial)?", "fftw"),
    (r"cray-libsci|flexiblas|openblas|i?mkl", "blas"),
    (r"darshan.*|altd|xalt.*", "tracker"),
    (r"python.*|cray-python|anaconda.*|miniconda.*|miniforge.*|conda", "python"),
)

VERSIONS = {
    "PrgEnv": "6.0.5", "craype": "2.6.2", "cray-mpich": "7.7.10", "cray-hdf5-parallel": "1.10.5.2",
    "cray-hdf5": "1.10.5.2", "gcc": "8.3.0", "intel": "19.0.3.199", "cce": "9.1.0", "darshan": "3.1.7",
    "altd": "2.0", "cray-libsci": "19.06.1", "modules": "3.2.11.4", "cray-python": "3.11.5",
    "cray-netcdf": "4.6.3.2", "cray-netcdf-hdf5parallel": "4.6.3.2", "cray-parallel-netcdf": "1.11.1.1",
    "cray-fftw": "3.3.8.4",
}  # fmt: skip
"""What Cori had in 2020; only examples: a site that names a version gets that one."""

SIBLINGS = {"cray-mpich": ("7.7.6",), "gcc": ("7.3.0",), "openmpi": ("4.0.5",), "impi": ("19.0.5",)}
"""Older versions that lie beside the default."""

HUGEPAGES = tuple(f"craype-hugepages{size}" for size in ("2M", "4M", "16M", "128M", "1G"))
CPUS = ("craype-haswell", "craype-mic-knl")


def kind_of(name: str) -> Kind:
    """Return what a module is, from its name without the version."""
    if compiler_suite(name) is not None:
        return "compiler"
    return next((kind for pattern, kind in _KINDS if re.fullmatch(pattern, name)), "plain")


def compiler_suite(name: str) -> Suite | None:
    """Return the suite whose compiler a module brings (``gcc``, ``cce``), None for other modules."""
    if name in OTHER_COMPILERS:
        return SUITES[OTHER_COMPILERS[name]]
    return next((suite for suite in SUITES.values() if suite.module == name), None)


def prgenv_suite(name: str) -> Suite:
    """Return the suite of ``PrgEnv-gnu``; one that nobody knows is gcc under its own name."""
    part = name.partition("-")[2]
    return SUITES.get(part) or SUITES["gnu"]._replace(environment=part.upper().replace("-", "_"))


def version_of(name: str) -> str:
    """Return a version for a module that is named without one; ``""`` for those that have none."""
    if re.fullmatch(r"craype-.+|cpu|gpu", name):
        return ""
    return VERSIONS.get("PrgEnv" if name.startswith("PrgEnv-") else name, "1.0")


def is_parallel(name: str) -> bool:
    """Return whether a module of HDF5 is one with MPI."""
    return name.startswith("phdf5") or re.search(r"parallel|mpi", name) is not None
