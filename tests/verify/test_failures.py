"""One text, two meanings: what a site knows about failures."""

from __future__ import annotations

import pytest

from pybuild.model.launcher import KnownFailure
from pybuild.verify.failures import alone, explain, recognised

LOGIN = KnownFailure(pattern="PMI2 init failed", node="login", means="no MPI here", cure="srun")
JOB = KnownFailure(pattern="PMI2 init failed", node="compute", means="too slow", cure="wait longer")
ANY = KnownFailure(pattern=r"init failed: \d", means="something", cure="look")
OUTPUT = "Fatal error\n  MPID_Init(647): PMI2 init failed: 1  \nAborted\n"


@pytest.mark.parametrize(
    ("node", "known"), [("login", LOGIN), ("compute", JOB), (None, ANY)]
)  # fmt: skip
def test_the_place_decides(node: str | None, known: KnownFailure) -> None:
    """The same line means one thing on a login node, another in a job; what holds anywhere comes last."""
    assert explain(OUTPUT, (ANY, JOB, LOGIN), node) is known


def test_nothing_is_guessed() -> None:
    """Another text, or the meaning of another place, explains nothing."""
    assert explain("all is well", (ANY, JOB, LOGIN), "login") is None
    assert explain(OUTPUT, (LOGIN,), "compute") is None
    assert explain(OUTPUT, (LOGIN, JOB), None) is None


def test_the_line_is_shown() -> None:
    """Every failure comes with the first line that shows it; a pattern does not reach over lines."""
    found = recognised(OUTPUT, (JOB, KnownFailure(pattern=r"error\s+MPID", means="", cure="")))
    assert [(one.failure, one.line) for one in found] == [(JOB, "MPID_Init(647): PMI2 init failed: 1")]


@pytest.mark.parametrize(
    "lines",
    [
        ["rank 0 of 1", "rank 0 of 1"],
        ["Hello, World! I am process 0 of 1 on nid00012."] * 4,
        ["0: size 1", "1: size 1"],
        ["start", "size = 1", "", "[1] size: 1"],
        ["rank 0, world size 1", "rank 0, world size 1"],
        ["rank=0 size=1", "rank=0 size=1"],
        ['{"size": 1, "ranks": [0]}', '{"size": 1, "ranks": [0]}'],
        ["rank 0/1"] * 2,
    ],
)
def test_ranks_that_are_each_alone(lines: list[str]) -> None:
    """Several lines that count one rank, and none that counts more: no site must tell what that is."""
    found = alone("\n".join(lines))
    assert found is not None
    assert found.line in lines
    assert "do not belong together" in found.failure.means
    assert found.failure.node is None


@pytest.mark.parametrize(
    "lines",
    [
        ["rank 0 of 1"],  # one process was asked for
        ["rank 0 of 2", "rank 1 of 2"],
        ["rank 0 of 1", "rank 0 of 1", "rank 0 of 4", "rank 1 of 4"],  # serial steps, then a job
        ["size 1", "size 1", "size 12"],
        ["rank 0 of 12", "rank 0 of 12"],
        ["block size 1", "block size 1"],
        ["size 1 MB", "size 1 MB"],
        ["step 0 of 1", "step 0 of 1"],
        ["crank 0 of 1", "crank 0 of 1"],
    ],
)
def test_what_does_not_show_ranks_that_are_alone(lines: list[str]) -> None:
    """One line, ranks that see each other, or other sizes."""
    assert alone("\n".join(lines)) is None
