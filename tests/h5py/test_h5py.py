"""h5py with MPI-IO: one command builds it for the site's HDF5 and MPI, and ranks prove it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.h5py.conftest import Cluster, extension

# Two or three real compilations stand behind the first test.
pytestmark = pytest.mark.timeout(2400)


def test_ranks_wrote_one_file(cluster: Cluster, parallel: Path) -> None:
    """The installation ends at ``ranked``: two ranks of the site's MPI wrote one file and read it back."""
    note = _note(cluster, parallel)
    assert note["level"] == "ranked"
    seen = note["proofs"][-1]["seen"]
    assert (seen["size"], seen["ranks"]) == (2, [0, 1])
    assert seen["launcher"][0] == str(cluster.machine.mpiexec)
    assert "MPICH" in seen["library"]


def test_site_libraries_are_recorded(cluster: Cluster, parallel: Path) -> None:
    """The proof of ``linked`` names the site's own parallel HDF5 and MPI, and no third library."""
    linked = next(p for p in _note(cluster, parallel)["proofs"] if p["level"] == "linked")
    files = {library["path"] for library in linked["seen"]["libraries"]}
    assert files == {
        str((cluster.machine.parallel / "lib/libhdf5.so").resolve()),
        str((cluster.machine.mpich / "lib/libmpich.so").resolve()),
    }


def test_it_knows_mpi_and_its_hdf5(cluster: Cluster, parallel: Path) -> None:
    """h5py says that it has MPI, and was compiled for the very HDF5 that it loads; else it would warn."""
    program = "import h5py; v = h5py.version; print(h5py.get_config().mpi, v.hdf5_version)"
    ran = cluster.run(parallel / "bin/python", "-W", "error", "-c", program)
    assert ran.stdout == "True 1.10.8\n", ran.stderr


def test_importing_leaves_mpi_alone(cluster: Cluster, parallel: Path, tmp_path: Path) -> None:
    """``import h5py`` loads no mpi4py and starts no MPI, without any variable that would forbid it."""
    guard = _abort_in_init(tmp_path)
    program = "import h5py, sys; print('mpi4py' in sys.modules)"
    ran = cluster.run(parallel / "bin/python", "-c", program, LD_PRELOAD=guard)
    assert ran.stdout == "False\n", ran.stderr
    # The negative control: the same library does end a program that starts MPI.
    control = cluster.run(parallel / "bin/python", "-c", "from mpi4py import MPI", LD_PRELOAD=guard)
    assert control.returncode < 0


def test_debug_information_is_all_that_is_left_out(cluster: Cluster, parallel: Path) -> None:
    """The compiler gets the Python's or the site's flags first and ``-g0`` last, nothing in their place."""
    logged = cluster.pybuild("log", "h5py", "--prefix", str(parallel)).stdout
    line = next(line for line in logged.splitlines() if "mpicc" in line and " -c " in line)
    # -O0 is what the site of this test says.
    assert line.split("mpicc ", 1)[1].startswith("-O0 -g0 -g0 -fPIC"), line


def test_serial_option(cluster: Cluster, serial: Path) -> None:
    """``h5py[serial]`` needs no MPI at all: not the library, not mpi4py; it links the serial HDF5."""
    assert _note(cluster, serial)["level"] == "imported"
    listed = json.loads(cluster.pybuild("list", "--json", "--prefix", str(serial)).stdout)
    assert "mpi4py" not in {row["name"] for row in listed}
    program = "import h5py, os; print(h5py.get_config().mpi, 'libmpi' in open('/proc/self/maps').read())"
    ran = cluster.run(serial / "bin/python", "-c", program)
    assert ran.stdout == "False False\n", ran.stderr
    assert "libhdf5_serial" in _needed(extension(serial, "defs"))


def _note(cluster: Cluster, prefix: Path) -> Any:
    listed = json.loads(cluster.pybuild("list", "--json", "--prefix", str(prefix)).stdout)
    return next(row for row in listed if row["name"] == "h5py")


def _needed(library: Path) -> str:
    return subprocess.run(["readelf", "-d", library], capture_output=True, text=True, check=True).stdout


def _abort_in_init(folder: Path) -> str:
    source, library = folder / "abort.c", folder / "abort.so"
    names = ("MPI_Init", "MPI_Init_thread", "PMPI_Init", "PMPI_Init_thread")
    lines = "".join(f"int {name}(void) {{ abort(); }}\n" for name in names)
    source.write_text("#include <stdlib.h>\n" + lines)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    return str(library)
