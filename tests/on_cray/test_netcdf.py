"""Three packages in one go on a simulated Cori, the third upon a netCDF of our own: proven by srun."""

from __future__ import annotations

from typing import Any

import pytest

from tests.debs import put_netcdf
from tests.on_cray.cray import Cray
from tests.on_cray.test_cori import extension, level, needed

PREFIX = "climate"


@pytest.fixture(scope="module")
def climate(cray: Cray) -> Cray:
    """Return the shell with mpi4py, h5py and netCDF4 installed by one command, which builds the last only.

    The box's own netCDF is a module without a library, so the recipe's is asked for.
    """
    put_netcdf(cray.root / "cache")
    specs = ("mpi4py", "h5py", "netcdf4", "netcdf-c[mpi]==4.9.3")
    sites = cray.changed_site("sites-netcdf", inlined)
    cray.install(*specs, "--use", "netcdf[mpi]=netcdf-c", prefix=PREFIX, sites=sites).done()
    return cray


def inlined(data: dict[str, Any]) -> None:
    """Let netCDF4 be optimised a little: some of its functions exist only where they are inlined."""
    rule = {"name": "inlined", "when": {"recipe": "netcdf4"}, "env": {"CFLAGS": "-O1 -g0"}}
    data["rules"].append({**rule, "reason": "some functions exist only inlined", "source": "tests/on_cray"})


# One tool is enough: the modules that are loaded for netCDF4 are those of h5py, which both tools loaded.
tcl = pytest.mark.parametrize("cray", ["tcl"], indirect=True)


@tcl
def test_one_command_builds_under_the_gnu_environment(climate: Cray) -> None:
    """From Cori's default modules: both new packages were compiled under PrgEnv-gnu, without huge pages."""
    for name in ("netcdf-c", "netcdf4"):
        log = (climate.root / PREFIX / "share/pybuild" / name / "build.log").read_text()
        assert "PE_ENV=GNU" in log
        loaded = log.split("LOADEDMODULES=")[1].splitlines()[0]
        assert "craype-hugepages" not in loaded
        assert "cray-hdf5-parallel" in loaded
        assert "cray-netcdf" not in loaded


@tcl
def test_one_mpi_and_one_hdf5_for_all_three(climate: Cray) -> None:
    """netCDF4 and the netCDF below it link the box's MPI and parallel HDF5, and netCDF4 our netCDF."""
    python = needed(extension(climate, "netCDF4/_netCDF4.*.so", PREFIX))
    library = needed(climate.root / PREFIX / "lib/libnetcdf.so")
    assert "libnetcdf" in python
    # netCDF4 itself calls MPI through the library only, and Debian's linker leaves out what is not called.
    assert "libmpich" in library
    for text in (python, library):
        assert "libhdf5_mpich" in text
        assert "hugetlbfs" not in text
    assert "libhdf5_mpich" in needed(extension(climate, "h5py/defs.*.so", PREFIX))


@tcl
def test_each_is_proven_by_ranks_under_srun(climate: Cray) -> None:
    """Two ranks of the batch system wrote one netCDF file together; so the record of each package says."""
    climate.run("verify", "-p", str(climate.root / PREFIX), "--on", "compute", *climate.places()).done()
    for name in ("mpi4py", "h5py", "netcdf-c", "netcdf4"):
        assert level(climate, name, PREFIX) == "ranked"
        info = climate.run("info", name, "-p", str(climate.root / PREFIX), "--json").done().data
        proof = next(one for one in info["note"]["proofs"] if one["level"] == "ranked")
        assert proof["seen"]["nodes"] == ["nid00001"]
        assert proof["seen"]["launcher"][:3] == ["srun", "-n", "2"]
