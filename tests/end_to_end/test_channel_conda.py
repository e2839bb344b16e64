"""What conda is told of a channel after runs that did not go as they should."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.end_to_end import toys
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


def test_what_was_built_before_another_build_failed(project: Project) -> None:
    """Is in the channel, and conda is told, although nothing was installed."""
    broken = toys.sdist("toyworse", "1.0", {"core.c": "#error out of flux\n"})
    project.recipe("toyworse", toys.extension_recipe(broken))
    project.serve(broken)
    outcome = project.install("toypure==2.0", "toyworse")
    assert outcome.code == 5, outcome.err
    (made,) = project.built("toypure-2.0")
    assert made.name in repodata(project).read_text()


def test_what_a_killed_run_has_built(project: Project) -> None:
    """Whoever takes it from the channel later tells conda."""
    (made,) = project.built("toyext-1.0")
    repodata(project).write_text(json.dumps({"packages.conda": {}}))
    done = project.install("toyext==1.0").done()
    assert ": pack" not in done.err
    assert made.name in repodata(project).read_text()
