"""What the README promises first: one command, and two ranks that talk to each other."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.main_job.conftest import Job

# Two real compilations share the machine; a slow one needs its time.
pytestmark = pytest.mark.timeout(2400)


def test_ranks_were_proven(job: Job) -> None:
    """The installation ends at the level ``ranked``, with two ranks under the prefix's own launcher."""
    listed = json.loads(job.pybuild("list", "--json", "--prefix", str(job.prefix)).stdout)
    note = next(row for row in listed if row["name"] == "mpi4py")
    assert note["level"] == "ranked"
    proof = note["proofs"][-1]["seen"]
    assert (proof["size"], proof["ranks"]) == (2, [0, 1])
    assert proof["launcher"][0] == str(job.prefix / "bin/mpiexec")
    assert "MPICH" in proof["library"]


def test_module_runs_in_an_empty_environment(job: Job) -> None:
    """``python -m mpi4py --version`` needs no variable at all."""
    ran = subprocess.run(
        [job.prefix / "bin/python", "-m", "mpi4py", "--version"],
        env={}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout.startswith("mpi4py 4.")


def test_launcher_gives_two_ranks(job: Job) -> None:
    """The provider's mpiexec starts two processes that know of each other."""
    program = "from mpi4py import MPI; c = MPI.COMM_WORLD; print(c.size, c.rank, flush=True)"
    ran = subprocess.run(
        [job.prefix / "bin/mpiexec", "-n", "2", job.prefix / "bin/python", "-c", program],
        env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert sorted(ran.stdout.split("\n")[:2]) == ["2 0", "2 1"]


def test_script_builds_the_same_extension(job: Job) -> None:
    """The printed script, run by bash alone, links the same libraries and exports the same symbols."""
    ours, theirs = _extension(job.prefix), _extension(job.by_script)
    assert _needed(ours) == _needed(theirs)
    assert any(name.startswith("libmpi") for name in _needed(ours))
    assert _symbols(ours) == _symbols(theirs)


def test_script_proves_two_ranks(job: Job) -> None:
    """The script ends with the same check as pybuild: two ranks agree."""
    answer = json.loads(job.script_output.strip().splitlines()[-1])
    assert (answer["size"], answer["ranks"]) == (2, [0, 1])


def test_new_prefix_comes_from_the_channel(job: Job) -> None:
    """A second prefix is made without a compiler and without a network: everything is in the channel."""
    second = job.folder / "second"
    python = json.loads(job.pybuild("info", "python", "--json", "--prefix", str(job.prefix)).stdout)
    origin = python["record"]["package"]["build"]["steps"][0]["interpreter"]
    nowhere = {
        "PATH": "/nonexistent",
        "PIP_INDEX_URL": "https://127.0.0.1:1/",
        "PIP_CONFIG_FILE": "/dev/null",
    }
    made = job.pybuild("install", "mpi4py", "--prefix", str(second), "--python", origin, "--yes", **nowhere)
    assert made.returncode == 0, made.stderr
    assert "build" not in {line.split()[-1] for line in made.stderr.splitlines() if line.startswith("  + ")}
    assert _needed(_extension(second)) == _needed(_extension(job.prefix))


def test_importing_starts_no_mpi(job: Job, tmp_path: Path) -> None:
    """Verification up to ``imported`` never calls MPI_Init: with one that aborts it still passes."""
    source, library = tmp_path / "abort.c", tmp_path / "abort.so"
    names = ("MPI_Init", "MPI_Init_thread", "PMPI_Init", "PMPI_Init_thread")
    source.write_text(
        "#include <stdlib.h>\n" + "".join(f"int {name}(void) {{ abort(); }}\n" for name in names)
    )
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    checked = job.pybuild(
        "verify", "mpi4py", "--level", "imported", "--prefix", str(job.prefix), LD_PRELOAD=str(library)
    )
    assert checked.returncode == 0, checked.stderr
    # The negative control: the same library does end a program that starts MPI.
    ran = subprocess.run(
        [job.prefix / "bin/python", "-c", "from mpi4py import MPI"],
        env={"LD_PRELOAD": str(library)}, capture_output=True, check=False,
    )  # fmt: skip
    assert ran.returncode != 0


def _extension(prefix: Path) -> Path:
    (found,) = prefix.glob("lib/python3*/site-packages/mpi4py/MPI.*.so")
    return found


def _needed(library: Path) -> list[str]:
    text = subprocess.run(["readelf", "-d", library], capture_output=True, text=True, check=True).stdout
    return sorted(line.split("[")[1].rstrip("]") for line in text.splitlines() if "(NEEDED)" in line)


def _symbols(library: Path) -> list[str]:
    text = subprocess.run(
        ["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True
    ).stdout
    return sorted(line.split()[-1] for line in text.splitlines())
