"""What conda is told of a channel after runs that did not go as they should."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.project import Project


def repodata(project: Project) -> Path:
    return project.channel / "linux-64/repodata.json"


@pytest.mark.parametrize("fault", ["closed", "half"])
def test_an_installation_does_not_fail_with_what_conda_is_told(project: Project, fault: str) -> None:
    """It is there, and verified; where the channel's list cannot be written, a note says so."""
    if fault == "half":
        (project.channel / "linux-64/other-1.0-0.conda").write_bytes(b"PK")
    else:
        repodata(project).unlink()
        repodata(project).mkdir()
    done = project.install("toypure==2.0").done()
    assert project.imports("toypure") == "2.0"
    assert ("conda is not told what is new in the channel" in done.err) == (fault == "closed")
    assert project.note("toypure")["level"] == "imported"
    assert str(project.prefix) in (project.channel / "linux-64/.pybuild/prefixes").read_text()
