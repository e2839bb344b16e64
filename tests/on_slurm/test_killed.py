"""Jobs that Slurm kills, and a Slurm that is not there: a sentence, what to raise, and the exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.end_to_end.project import Project
from tests.on_slurm.test_builds import with_batch_system
from tests.run.conftest import MAKE, Toys, files, toybox
from tests.run.conftest import shared as unslurmed
from tests.slurm import Slurm, demanded, start

__all__ = ["files", "toybox", "unslurmed"]

LIMITS = """\
SelectTypeParameters=CR_Core_Memory
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
"""
"""Slurm watches the memory of jobs itself, as it does where no cgroup limits it."""

GREEDY = """python3 -c 'import time; held = b"x" * (400 << 20); time.sleep(60)'"""


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """A Slurm that kills jobs that take more memory than they asked for."""
    demanded()
    with ExitStack() as stack:
        yield start(tmp_path_factory.mktemp("strict"), stack, more=LIMITS)


@pytest.fixture(scope="module")
def shared(unslurmed: Project, strict: Slurm) -> Project:
    """The project of the toys, its site with a batch system."""
    return with_batch_system(unslurmed, strict)


def test_a_job_without_enough_memory_says_what_to_raise(toybox: Toys) -> None:
    """Slurm kills it, and the message says so."""
    toybox.add("greedy", build=f"{MAKE}\n  before: {GREEDY}")
    outcome = toybox.project.install("greedy", "--on", "slurm", "--job-options=--mem=100M")
    assert outcome.code == 5, outcome.err
    assert "greedy: its job 1 was killed" in outcome.err
    assert "for lack of memory" in outcome.err
    assert "--job-options='--mem=16G'" in outcome.err
    assert "Traceback" not in outcome.err


def test_a_slurm_that_is_not_there(toybox: Toys) -> None:
    """Nothing is submitted, and the message names the program."""
    site = toybox.project.sites / "toy.yaml"
    before = site.read_text()
    site.write_text(before.replace("submit: [sbatch,", "submit: [sbatch-of-nobody,"))
    try:
        toybox.add("single")
        outcome = toybox.project.install("single", "--on", "slurm")
    finally:
        site.write_text(before)
    assert outcome.code == 5, outcome.err
    assert "names sbatch-of-nobody, which is no program on this machine's PATH" in outcome.err
    assert "hint: log in where the batch system can be reached" in outcome.err
    assert "Traceback" not in outcome.err
