"""From a login node to ranks on a compute node, by each of the ways, and everything that must not happen."""

from __future__ import annotations

import platform

from tests.on_slurm.conftest import Box
from tests.slurm import NODE


def test_login_node_starts_no_ranks(box: Box) -> None:
    """Where MPI_Init ends programs, verification passes up to ``imported`` and names both ways to more."""
    done = box.pybuild("verify")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["tinympi", "imported"]
    assert f"{platform.node()} is a login node of box" in done.stderr
    assert "--on compute" in done.stderr
    assert "--submit" in done.stderr
    assert box.listed()["level"] == "imported"


def test_ranks_must_be_asked_for(box: Box) -> None:
    """Demanding the level ``ranked`` on a login node is refused with exit code 11; nothing was started."""
    done = box.pybuild("verify", "--level", "ranked")
    assert done.returncode == 11, done.stderr
    assert "cannot be proven by ranks" in done.stderr
    assert "hint: pybuild verify " in done.stderr
    assert f" tinympi -p {box.prefix} --on compute" in done.stderr


def test_login_node_is_one(box: Box) -> None:
    """The control of the two tests above: in this shell a program that starts MPI is ended."""
    python = str(box.prefix / "bin/python")
    preload = f"LD_PRELOAD={box.environ['LD_PRELOAD']}"
    ran = box.slurm.tried("env", preload, python, "-c", "import tinympi; tinympi.init()")
    assert ran.returncode == -6
    assert "PMI2 init failed" in ran.stderr


def test_ranks_on_nodes_that_are_waited_for(box: Box) -> None:
    """``--on compute`` starts two ranks on the compute node, and nothing of the login shell comes along."""
    done = box.pybuild("verify", "--on", "compute")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["tinympi", "ranked"]
    _proven_by_ranks(box)


def test_batch_job_records_what_it_proves(box: Box) -> None:
    """``--submit`` returns at once, the list shows the job, and after its end the level that it proved."""
    box.slurm.run("scontrol", "update", f"nodename={NODE}", "state=drain", "reason=test")
    done = box.pybuild("verify", "--submit")
    assert done.returncode == 0, done.stderr
    number = done.stdout.split()[1]
    waiting = box.listed()
    assert (waiting["level"], waiting["job"]["state"]) == ("built", "submitted")
    assert f"built, job {number} submitted" in box.pybuild("list").stdout
    box.slurm.run("scontrol", "update", f"nodename={NODE}", "state=resume")
    box.slurm.wait(number)
    assert _proven_by_ranks(box)["job"] == number
    assert "job" not in box.listed()


def test_inside_an_allocation_the_launcher_is_called(box: Box) -> None:
    """In a shell that has an allocation, plain ``verify`` starts ranks on it, also from the login node."""
    done = box.pybuild("verify", before=("salloc", "-N", "1", "-t", "5"), environ={"LD_PRELOAD": ""})
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["tinympi", "ranked"]
    _proven_by_ranks(box)


def _proven_by_ranks(box: Box) -> dict[str, object]:
    """Return the proof of two ranks on the compute node, with its job and its launcher."""
    row = box.listed()
    assert row["level"] == "ranked", row
    proof: dict[str, object] = row["proofs"][-1]
    seen = proof["seen"]
    assert isinstance(seen, dict)
    assert proof["level"] == "ranked"
    assert proof["where"] == NODE
    assert str(proof["job"]).isdigit()
    assert seen["launcher"] == ["srun", "-n", "2"]
    assert (seen["size"], seen["ranks"]) == (2, [0, 1])
    assert "MPICH" in seen["library"]
    return proof
