"""One text, two meanings: what a site knows about failures."""

from __future__ import annotations

import pytest

from pybuild.model.launcher import KnownFailure
from pybuild.verify.failures import explain, recognised

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
