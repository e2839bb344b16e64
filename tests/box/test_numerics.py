"""netCDF, PnetCDF, FFTW and LibSci in a box: what their modules say, and the real libraries of some."""

from __future__ import annotations

from pathlib import Path

import pytest

from pybuild.box.make import make_box
from pybuild.box.records import BoxedSite
from pybuild.model.modules import Tool
from pybuild.process import Captured, capture
from pybuild.runpath import read_dynamic
from tests.box.parts import TOOLS, blas, environment, fftw, full_box, init_of, loaded, site

FFT = "#include <fftw3.h>\nvoid *plan(void) { return fftw_malloc(8); }\n"
DOT = "double ddot_(int *, double *, int *, double *, int *);\nvoid *dot(void) { return (void *)ddot_; }\n"


@pytest.fixture(scope="module")
def cori(tmp_path_factory: pytest.TempPathFactory) -> BoxedSite:
    """Return Cori in a box with a real FFTW and a real BLAS."""
    folder = tmp_path_factory.mktemp("box-numerics")
    return full_box("cori", "tcl", folder, {"fftw": fftw(), "blas": blas()})


def cc(environ: dict[str, str], name: str, text: str, cwd: Path) -> Captured:
    """Compile and link a shared library as recipes do."""
    (cwd / f"{name}.c").write_text(text)
    argv = ("/usr/bin/env", "cc", "-shared", "-fPIC", f"{name}.c", "-o", f"{name}.so")
    return capture(argv, env=environ, cwd=str(cwd))


def test_fftw_comes_with_its_module(cori: BoxedSite, tmp_path: Path) -> None:
    """Without cray-fftw there is no header; with it the variables are Cray's and the library is linked."""
    assert "fftw3.h" in cc(environment(cori), "fft", FFT, tmp_path).err
    environ = environment(cori, "load cray-fftw")
    root = environ["FFTW_ROOT"]
    assert (environ["FFTW_DIR"], environ["FFTW_INC"]) == (f"{root}/lib", f"{root}/include")
    assert Path(root, "include/fftw3.h").exists()
    ended = cc(environ, "fft", FFT, tmp_path)
    assert ended.code == 0, ended.err
    assert "libfftw3.so.3" in read_dynamic(tmp_path / "fft.so").needed


def test_the_wrapper_links_libsci_where_it_is_used(cori: BoxedSite, tmp_path: Path) -> None:
    """BLAS needs no option: cray-libsci is loaded at login, and its library has the expected name."""
    environ = environment(cori)
    assert "cray-libsci" in loaded(environ)
    ended = cc(environ, "dot", DOT, tmp_path)
    assert ended.code == 0, ended.err
    assert "libsci.so.0" in read_dynamic(tmp_path / "dot.so").needed
    assert cc(environ, "plain", "int nothing;\n", tmp_path).code == 0
    assert "libsci.so.0" not in read_dynamic(tmp_path / "plain.so").needed
    closure = capture(("/usr/bin/env", "ldd", "dot.so"), env=environ, cwd=str(tmp_path)).out
    assert "not found" not in closure


def test_netcdf_and_pnetcdf_are_shells(cori: BoxedSite) -> None:
    """Their variables name roots that exist and hold nothing: no real library fits the box's MPI."""
    environ = environment(
        cori, "load cray-hdf5-parallel", "load cray-netcdf-hdf5parallel cray-parallel-netcdf"
    )
    for root in (environ["NETCDF_DIR"], environ["PNETCDF_DIR"]):
        assert sorted(path.name for path in Path(root).iterdir()) == ["include", "lib"]
        assert list(Path(root, "lib").iterdir()) == []
    assert environ["CRAY_NETCDF_HDF5PARALLEL_PREFIX"] == environ["NETCDF_DIR"]
    assert environ["CRAY_NETCDF_HDF5PARALLEL_VERSION"] == "4.6.3.2"
    assert "NETCDF" not in environ["PE_PRODUCT_LIST"]


@pytest.mark.parametrize("tool", TOOLS)
def test_on_cray_ex_netcdf_wants_hdf5_first(tool: Tool, tmp_path: Path) -> None:
    """As on the machines: the module cannot be loaded before that of HDF5; on an XC it can."""
    box = make_box(site("frontier"), str(tmp_path / "box"), tool=tool, init=init_of(tool, tmp_path))
    name = "cray-netcdf-hdf5parallel"
    assert name not in loaded(environment(box, f"load {name}"))
    assert name in loaded(environment(box, "load cray-hdf5-parallel", f"load {name}"))


def test_on_an_xc_nothing_is_known_to_be_wanted(cori: BoxedSite) -> None:
    """The control: the same load from Cori's login shell."""
    assert "cray-netcdf" in loaded(environment(cori, "load cray-netcdf"))
