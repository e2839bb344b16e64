"""The Slurm of the tests itself: several at once, and nothing left."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.slurm import NODE, Slurm, processes_of, start


def test_second_slurm_leaves_nothing(tmp_path_factory: pytest.TempPathFactory, slurm: Slurm) -> None:
    """A second one starts beside the first, and its end takes its servers and its jobs with it."""
    with ExitStack() as stack:
        second = start(tmp_path_factory.mktemp("s"), stack)
        assert second.run("srun", "uname", "-n").strip() == NODE
        second.run("sbatch", "--wrap", "sleep 1000")
        second.until(lambda: second.run("squeue", "-h", "-o", "%T").strip() == "RUNNING", "the job", 240)
        assert len(processes_of(second)) > 3
    assert processes_of(second) == []
    assert slurm.run("srun", "uname", "-n").strip() == NODE
