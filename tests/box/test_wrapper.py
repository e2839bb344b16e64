"""The compiler wrappers of a box link as Cray's do, and what they link is real."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pybuild.box.records import BoxedSite
from pybuild.process import Captured, capture
from pybuild.runpath import read_dynamic
from tests.box.parts import MPI_PROGRAM, environment, full_box


@pytest.fixture(scope="session")
def cori(tmp_path_factory: pytest.TempPathFactory) -> BoxedSite:
    """Return Cori in a box for one tool: the wrappers see only variables, whoever set them."""
    return full_box("cori", "tcl", tmp_path_factory.mktemp("box-wrapper"))


@pytest.fixture(scope="session")
def login(cori: BoxedSite) -> dict[str, str]:
    """Return the environment that a user of Cori has after login."""
    return environment(cori)


@pytest.fixture(scope="session")
def gnu(cori: BoxedSite) -> dict[str, str]:
    """Return the environment after what NERSC's page on mpi4py says, tracking libraries out as well."""
    return environment(
        cori, "swap PrgEnv-intel PrgEnv-gnu", "unload craype-hugepages2M", "unload darshan", "unload altd"
    )


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Return a folder with C programs: plain, with MPI, with HDF5."""
    (tmp_path / "plain.c").write_text("int main(void) { return 0; }\n")
    (tmp_path / "mpi.c").write_text(MPI_PROGRAM)
    (tmp_path / "hdf5.c").write_text("#include <hdf5.h>\nint opened(void) { return H5open(); }\n")
    return tmp_path


def run(environ: dict[str, str], *argv: str, cwd: Path) -> Captured:
    """Run one command in an environment of the box, found on its PATH."""
    return capture(("/usr/bin/env", *argv), env=environ, cwd=str(cwd))


def made(environ: dict[str, str], *argv: str, cwd: Path) -> None:
    """Run a wrapper that must succeed."""
    ended = run(environ, *argv, cwd=cwd)
    assert ended.code == 0, ended.err


def stems(path: Path) -> set[str]:
    """Return the stems of the libraries that a file needs."""
    return {name.partition(".so")[0] for name in read_dynamic(path).needed} - {"libc"}


def is_static(path: Path) -> bool:
    """Return whether no dynamic loader is asked for."""
    return b"/ld-linux" not in path.read_bytes() and read_dynamic(path).needed == ()


def test_nothing_is_compiled_without_an_environment(cori: BoxedSite, work: Path) -> None:
    """With the wrappers on the PATH but no PrgEnv loaded, cc says what is missing and ends with 1."""
    bare = environment(cori, "unload PrgEnv-intel", "load craype")
    ended = run(bare, "cc", "-c", "plain.c", cwd=work)
    assert ended.code == 1
    assert "no programming environment is loaded" in ended.err
    assert not (work / "plain.o").exists()


def test_without_craype_there_is_no_wrapper(cori: BoxedSite, work: Path) -> None:
    """The wrappers come with their module and go with it: then cc is whatever the system calls so."""
    bare = environment(cori, "unload PrgEnv-intel", "unload craype")
    assert cori.folder not in run(bare, "which", "cc", cwd=work).out
    assert run(bare, "which", "ftn", cwd=work).code != 0


@pytest.mark.parametrize(
    ("name", "banner"), [("intel", "icc (ICC)"), ("gnu", "gcc (GCC)"), ("cray", "Cray clang")]
)
def test_version_is_that_of_the_suite(cori: BoxedSite, work: Path, name: str, banner: str) -> None:
    """``cc --version`` tells which programming environment is loaded, and links nothing."""
    swaps = () if name == "intel" else (f"swap PrgEnv-intel PrgEnv-{name}",)
    ended = run(environment(cori, *swaps), "cc", "--version", cwd=work)
    assert ended.code == 0, ended.err
    assert ended.out.startswith(banner)


def test_programs_are_static_by_default(login: dict[str, str], work: Path) -> None:
    """With everything of the login environment, tracking and hugepages included, and it runs."""
    made(login, "cc", "plain.c", "-o", "plain", cwd=work)
    assert is_static(work / "plain")
    assert run(login, "./plain", cwd=work).code == 0


@pytest.mark.parametrize("how", ["option", "variable"])
def test_dynamic_when_told(gnu: dict[str, str], work: Path, how: str) -> None:
    """``-dynamic`` and CRAYPE_LINK_TYPE=dynamic both make programs that load their libraries."""
    environ = gnu if how == "option" else {**gnu, "CRAYPE_LINK_TYPE": "dynamic"}
    made(environ, "cc", *(["-dynamic"] if how == "option" else []), "mpi.c", "-o", "mpi", cwd=work)
    assert stems(work / "mpi") == {"libmpich"}


def test_static_wins_over_the_variable(gnu: dict[str, str], work: Path) -> None:
    """An option on the command line counts more than CRAYPE_LINK_TYPE."""
    made({**gnu, "CRAYPE_LINK_TYPE": "dynamic"}, "cc", "-static", "plain.c", "-o", "plain", cwd=work)
    assert is_static(work / "plain")


@pytest.mark.parametrize("other", ["-shared", "-dynamic"])
def test_contradictions_are_refused(gnu: dict[str, str], work: Path, other: str) -> None:
    """-static together with -shared or -dynamic makes nothing."""
    ended = run(gnu, "cc", other, "-static", "plain.c", "-o", "out", cwd=work)
    assert ended.code == 1
    assert "excludes" in ended.err
    assert not (work / "out").exists()


def test_shared_objects_find_the_boxs_mpi(cori: BoxedSite, gnu: dict[str, str], work: Path) -> None:
    """``cc -shared`` is dynamic without being told, needs libmpich and finds it by a RUNPATH."""
    made(gnu, "cc", "-shared", "-fPIC", "mpi.c", "-o", "mpi.so", cwd=work)
    dynamic = read_dynamic(work / "mpi.so")
    assert dynamic.needed[0] == "libmpich.so.12"
    assert f"{cori.mpi}/lib" in dynamic.entries
    assert not dynamic.inherited
    closure = run(gnu, "ldd", "mpi.so", cwd=work).out
    assert "not found" not in closure
    assert re.search(rf"libmpich\.so\.12 => {re.escape(cori.mpi)}/", closure)
    assert re.search(rf"libucp\.so\.0 => {re.escape(cori.mpi)}/", closure)


def test_what_a_file_does_not_use_is_not_linked(gnu: dict[str, str], work: Path) -> None:
    """MPI is on every link line, but only those who call it need it."""
    made(gnu, "cc", "-shared", "-fPIC", "plain.c", "-o", "plain.so", cwd=work)
    assert stems(work / "plain.so") == set()


def test_hugepages_and_tracking_get_into_every_link(login: dict[str, str], work: Path) -> None:
    """Loaded at login, they are in NEEDED of a file that uses nothing, and each has a file behind it."""
    made(login, "cc", "-shared", "-fPIC", "plain.c", "-o", "plain.so", cwd=work)
    assert stems(work / "plain.so") == {"libhugetlbfs", "libdarshan", "libaltd"}
    assert "not found" not in run(login, "ldd", "plain.so", cwd=work).out


def test_each_module_brings_its_own_library(cori: BoxedSite, work: Path) -> None:
    """Unloading hugepages alone takes libhugetlbfs alone out."""
    made(
        environment(cori, "unload craype-hugepages2M"),
        "cc",
        "-shared",
        "-fPIC",
        "plain.c",
        "-o",
        "a.so",
        cwd=work,
    )
    assert stems(work / "a.so") == {"libdarshan", "libaltd"}


def test_hdf5_comes_with_its_module(cori: BoxedSite, gnu: dict[str, str], work: Path) -> None:
    """Without cray-hdf5-parallel there is no header; with it the library is linked, by way of one MPI."""
    assert "hdf5.h" in run(gnu, "cc", "-shared", "-fPIC", "hdf5.c", "-o", "hdf5.so", cwd=work).err
    more = environment(
        cori, "swap PrgEnv-intel PrgEnv-gnu", "unload craype-hugepages2M", "unload darshan", "unload altd",
        "load cray-hdf5-parallel",
    )  # fmt: skip
    assert more["HDF5_DIR"] == more["HDF5_ROOT"] == cori.hdf5
    assert more["CRAY_HDF5_PARALLEL_VERSION"] == "1.10.5.2"
    made(more, "cc", "-shared", "-fPIC", "hdf5.c", "-o", "hdf5.so", cwd=work)
    assert stems(work / "hdf5.so") == {"libhdf5_mpich"}
    closure = run(more, "ldd", "hdf5.so", cwd=work).out
    assert "not found" not in closure
    assert set(re.findall(r"libmpich\.so\.12 => (\S+)", closure)) == {f"{cori.mpi}/lib/libmpich.so.12"}


def test_compiling_is_not_linking(login: dict[str, str], work: Path) -> None:
    """With -c the headers are found and no library is named."""
    ended = run(login, "cc", "-craype-verbose", "-c", "mpi.c", cwd=work)
    assert ended.code == 0, ended.err
    assert ended.out.startswith("icc ")
    assert "-I" in ended.out
    assert not re.search(r" -l| -static| -Wl", ended.out)
    assert (work / "mpi.o").exists()


def test_two_ranks_run(cori: BoxedSite, gnu: dict[str, str], work: Path) -> None:
    """A program of the box runs on two ranks by the box's own launcher, and they see each other."""
    made(gnu, "cc", "-dynamic", "mpi.c", "-o", "mpi", cwd=work)
    environ = {**gnu, "PATH": f"{cori.site.path[0]}:{gnu['PATH']}"}
    ended = run(environ, "mpiexec", "-n", "2", "./mpi", cwd=work)
    assert ended.code == 0, ended.err
    assert sorted(ended.out.splitlines()) == ["rank 0 of 2", "rank 1 of 2"]
