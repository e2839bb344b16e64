"""Real parts for boxes: module tools, MPI, HDF5, FFTW, BLAS and libhugetlbfs of Debian; shells in a box."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from pathlib import Path

from pybuild.box.make import make_box
from pybuild.box.records import BoxedSite, Kind, Libraries
from pybuild.load.sites import load_site
from pybuild.model.modules import Tool
from pybuild.model.site import Site
from pybuild.process import Captured, capture
from tests.debs import unpacked
from tests.modules.tools import five, lmod

TOOLS: tuple[Tool, ...] = ("tcl", "lmod")
SITES = Path(__file__).parents[2] / "sitecfg"
MPIEXEC = ("mpiexec", "-n", "${{ ranks }}")
CLEAN = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}

MPI_PROGRAM = """
#include <mpi.h>
#include <stdio.h>
int main(int count, char **words)
{
    int rank, size;
    MPI_Init(&count, &words);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    printf("rank %d of %d\\n", rank, size);
    return MPI_Finalize();
}
"""


def init_of(tool: Tool, folder: Path) -> str:
    """Return the file that defines ``module`` for bash."""
    folder.mkdir(parents=True, exist_ok=True)
    return (five() if tool == "tcl" else lmod(folder)).init


@functools.cache
def mpich() -> Libraries:
    """Return Debian's MPICH, with what it needs and its launcher."""
    root = unpacked("libmpich12", "libmpich-dev", "mpich", "libhwloc15", "libucx0", "libslurm38", "libnuma1")
    return Libraries(
        include=f"{root}/usr/include/{_triple()}/mpich",
        folders=(f"{root}/usr/lib/{_triple()}",),
        programs=(f"{root}/usr/bin/mpiexec.hydra", f"{root}/usr/bin/hydra_pmi_proxy"),
    )


@functools.cache
def hdf5() -> Libraries:
    """Return Debian's HDF5 that was built with MPICH, with what it needs."""
    root = unpacked(
        "libhdf5-mpich-103-1", "libhdf5-mpich-dev", "libhdf5-mpich-hl-100", "libsz2", "libaec0", "libcurl4"
    )
    lib = f"{root}/usr/lib/{_triple()}"
    return Libraries(include=f"{root}/usr/include/hdf5/mpich", folders=(f"{lib}/hdf5/mpich", lib))


@functools.cache
def hugetlbfs() -> Libraries:
    """Return Debian's libhugetlbfs."""
    root = unpacked("libhugetlbfs0", "libhugetlbfs-dev")
    return Libraries(include=f"{root}/usr/include", folders=(f"{root}/usr/lib/{_triple()}",))


@functools.cache
def fftw() -> Libraries:
    """Return Debian's FFTW without MPI; its MPI library is built with Open MPI."""
    root = unpacked("libfftw3-double3", "libfftw3-single3", "libfftw3-long3", "libfftw3-dev")
    return Libraries(include=f"{root}/usr/include", folders=(f"{root}/usr/lib/{_triple()}",))


@functools.cache
def blas() -> Libraries:
    """Return Debian's OpenBLAS, with what it needs."""
    root = unpacked("libopenblas0-pthread", "libopenblas-pthread-dev", "libgfortran5", "libquadmath0")
    lib = f"{root}/usr/lib/{_triple()}"
    include = f"{root}/usr/include/{_triple()}/openblas-pthread"
    return Libraries(include=include, folders=(f"{lib}/openblas-pthread", lib))


def full_box(
    name: str, tool: Tool, folder: Path, others: Mapping[Kind, Libraries] | None = None
) -> BoxedSite:
    """Return a box of one of our sites with every real part that concerns MPI.

    Args:
        others: ``fftw`` and ``blas``, where a test is about them.
    """
    return make_box(
        site(name), str(folder / name), tool=tool, init=init_of(tool, folder),
        mpi=mpich(), hdf5=hdf5(), hugetlbfs=hugetlbfs(), others=others, launcher=MPIEXEC,
    )  # fmt: skip


def site(name: str) -> Site:
    """Return one of the sites in ``sitecfg``."""
    return load_site(str(SITES / f"{name}.yaml"))


def machines() -> list[str]:
    """Return the names of our sites that have a module tool and are not only there to be extended."""
    found = (load_site(str(path)) for path in sorted(SITES.glob("*.yaml")))
    return [one.name for one in found if one.modules.tool != "none" and not one.abstract]


def shell(box: BoxedSite, script: str, cwd: Path) -> Captured:
    """Run a script in a shell that stands where a user of the machine stands after login."""
    return _bash(f". {box.site.modules.init[0]}\n{script}", dict(_after_login(box.login)), cwd)


def environment(box: BoxedSite, *operations: str) -> dict[str, str]:
    """Return the environment after login and some ``module`` commands."""
    lines = "\n".join(f"module {operation} >/dev/null 2>&1" for operation in operations)
    return _pairs(shell(box, f"{lines}\nenv -0", Path("/")))


@functools.cache
def _after_login(login: str) -> tuple[tuple[str, str], ...]:
    """Return the environment after login; both tools keep their whole state in it."""
    return tuple(_pairs(_bash(f". {login} >/dev/null 2>&1\nenv -0", CLEAN, Path("/"))).items())


def _bash(script: str, env: dict[str, str], cwd: Path) -> Captured:
    return capture(("bash", "--noprofile", "--norc", "-c", script), env=env, cwd=str(cwd))


def _pairs(ended: Captured) -> dict[str, str]:
    assert ended.code == 0, ended.err
    return dict(pair.split("=", 1) for pair in ended.out.split("\0") if "=" in pair)


def loaded(environ: dict[str, str]) -> list[str]:
    """Return the names of the loaded modules, without versions."""
    return [full.split("/")[0] for full in environ["LOADEDMODULES"].split(":")]


def _triple() -> str:
    return f"{os.uname().machine}-linux-gnu"
