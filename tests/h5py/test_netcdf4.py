"""Three packages by one command upon Debian's MPICH and its parallel HDF5, each proven by ranks."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.debs import put_netcdf
from tests.h5py.conftest import BASE, VERSION, Cluster, extension, packages

pytestmark = pytest.mark.timeout(2400)


@pytest.fixture(scope="module")
def together(cluster: Cluster, parallel: Path) -> Path:
    """Install all three into a new prefix; what the tests before built comes from the channel."""
    put_netcdf(cluster.folder / "cache")
    prefix = cluster.folder / "together"
    specs = ("mpi4py", f"h5py=={VERSION}", "netcdf4", "netcdf-c[mpi]==4.9.3")
    site = ("--site", "cluster", "--sites", str(cluster.folder))
    done = cluster.pybuild("install", *specs, "--prefix", str(prefix), "--python", BASE, *site, "--yes")
    assert done.returncode == 0, done.stderr
    return prefix


@pytest.mark.parametrize("name", ["mpi4py", "h5py", "netcdf-c", "netcdf4"])
def test_each_is_proven_by_ranks(name: str, together: Path) -> None:
    """Two ranks under the machine's own launcher; each that has files wrote one together and read it back."""
    note = json.loads((together / f"conda-meta/pybuild/{name}.json").read_text())
    assert note["level"] == "ranked"
    seen = note["proofs"][-1]["seen"]
    assert (seen["size"], seen["ranks"]) == (2, [0, 1])
    assert "MPICH" in seen["library"]


def test_one_mpi_and_one_hdf5(cluster: Cluster, together: Path) -> None:
    """netCDF4, h5py and the netCDF below it find the machine's MPI and HDF5, and netCDF4 our netCDF."""
    library = (together / "lib/libnetcdf.so").resolve()
    (binding,) = packages(together).glob("netCDF4/_netCDF4.*.so")
    for file in (library, binding, extension(together, "h5p")):
        found = loaded(file)
        assert found["libhdf5"] == (cluster.machine.parallel / "lib/libhdf5.so").resolve()
        assert found["libmpich"] == (cluster.machine.mpich / "lib/libmpich.so").resolve()
    assert loaded(binding)["libnetcdf"] == library


def loaded(file: Path) -> dict[str, Path]:
    """Return the file behind each library that the dynamic loader finds, by the library's plain name."""
    shown = subprocess.run(["ldd", file], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in shown.splitlines() if "=> /" in line]
    return {name.split(".")[0].removesuffix("_mpich"): Path(path).resolve() for name, _, path, *_ in rows}
