"""mpi4py and h5py on a simulated Cori: built under PrgEnv-gnu, shared, without huge pages, proven by srun."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.on_cray.cray import Cray


def record(cray: Cray, name: str, prefix: str = "env") -> dict[str, Any]:
    path = cray.root / prefix / "share/pybuild" / name / "record.json"
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def level(cray: Cray, name: str, prefix: str = "env") -> str:
    rows = cray.run("list", "-p", str(cray.root / prefix), "--json").done().data
    found: str = next(row["level"] for row in rows if row["name"] == name)
    return found


def needed(file: Path) -> str:
    argv = ["readelf", "-d", str(file)]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def extension(cray: Cray, pattern: str, prefix: str = "env") -> Path:
    (file,) = (cray.root / prefix / "lib").glob(f"python3*/site-packages/{pattern}")
    return file


def test_a_login_node_installs_and_does_not_call_it_ranked(cray: Cray) -> None:
    """Everything was built and installed where MPI_Init aborts, and says no more than imported."""
    assert {level(cray, "mpi4py"), level(cray, "h5py")} <= {"imported", "ranked"}
    log = (cray.root / "env/share/pybuild/mpi4py/build.log").read_text()
    assert "PE_ENV=GNU" in log
    assert "craype-hugepages" not in log.split("LOADEDMODULES=")[1].splitlines()[0]


def test_what_was_built_links_the_machines_own_libraries(cray: Cray) -> None:
    """Shared, to the box's MPI and HDF5, and nothing of huge pages or tracking."""
    mpi = needed(extension(cray, "mpi4py/MPI.*.so"))
    hdf5 = needed(extension(cray, "h5py/defs.*.so"))
    assert "libmpich" in mpi
    assert "libhdf5" in hdf5
    assert "hugetlbfs" not in mpi + hdf5
    assert "darshan" not in mpi + hdf5


def test_ranks_are_proven_through_the_batch_system(cray: Cray) -> None:
    """Asked from the login node, run on the compute node by srun, recorded with node and job."""
    prefix = str(cray.root / "env")
    cray.run("verify", "-p", prefix, "--on", "compute", *cray.places()).done()
    assert (level(cray, "mpi4py"), level(cray, "h5py")) == ("ranked", "ranked")
    info = cray.run("info", "mpi4py", "-p", prefix, "--json").done().data
    proof = next(p for p in info["note"]["proofs"] if p["level"] == "ranked")
    assert proof["seen"]["size"] == 2
    assert proof["seen"]["nodes"] == ["nid00001"]
    assert proof["seen"]["launcher"][:3] == ["srun", "-n", "2"]


def test_mpi_does_abort_on_the_login_node(cray: Cray) -> None:
    """The control of all of the above: the same import that a job survives ends here."""
    code = "from mpi4py import MPI"
    python = str(cray.root / "env/bin/python")
    done = subprocess.run([python, "-c", code], env=cray.environ, capture_output=True, text=True, check=False)
    assert done.returncode == -6
    assert "PMI2 init failed" in done.stderr


@pytest.mark.parametrize("name", ["mpi4py", "h5py"])
def test_the_key_is_that_of_another_day(cray: Cray, name: str) -> None:
    """Planned again from the same login shell, the channel has it: nothing is built twice."""
    argv = ["plan", name, "-p", str(cray.root / "other"), *cray.places(), "--json"]
    plan = cray.run(*argv).done().data
    (package,) = [p for p in plan["packages"] if p["name"] == name]
    assert package["action"] == "channel"
