"""``pybuild doctor`` on a job's output: what is explained, and where a hint leads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pybuild.cli.main import main
from pybuild.errors import ExitCode

PATH = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}


def test_ranks_that_are_each_alone_need_no_site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``rank 0 of 1`` twice is explained where nobody described the machine; once, it is not."""
    output = tmp_path / "job.out"
    output.write_text("rank 0 of 1\nrank 0 of 1\n")
    assert main(["doctor", str(output), "--site", "generic"], PATH) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("rank 0 of 1\n")
    assert "the launcher and the MPI library do not belong together" in shown
    assert main(["doctor", str(output), "--site", "cori", "--node", "compute", "--json"], PATH) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["line"], row["node"]) == ("rank 0 of 1", None)
    output.write_text("rank 0 of 1\n")
    assert main(["doctor", str(output), "--site", "generic"], PATH) == ExitCode.PLAN


@pytest.mark.parametrize("site", ["generic", "cori"])
def test_the_hint_leads_to_what_there_is(
    site: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A site that lists failures is shown with them; one that has none is not sent to look for them."""
    output = tmp_path / "job.out"
    output.write_text("all is well\n")
    assert main(["doctor", str(output), "--site", site], PATH) == ExitCode.PLAN
    told = capsys.readouterr().err
    assert main(["site", "show", site], PATH) == 0
    listed = "\nfailures\n" in capsys.readouterr().out
    assert (f"pybuild site show {site}" in told) == listed
    assert ("pybuild site list" in told) == (not listed)
