"""Whoever follows jobs asks Slurm for hours: the answers are those of a program in its place."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pybuild.batch import following
from pybuild.batch.queue import NoAnswerError, Queue
from pybuild.batch.submission import Submitter
from pybuild.load.places import Places
from pybuild.model.run import Progress, RunRecord
from pybuild.model.site import Site
from pybuild.report import Report
from pybuild.run.events import Events
from pybuild.run.folder import RunFolder
from pybuild.settings import Settings

_SQUEUE = """\
#!/bin/sh
left=$(cat "$0.left")
[ "$left" -gt 0 ] || { echo "1|RUNNING|None"; exit; }
echo $((left - 1)) > "$0.left"
echo "slurm_load_jobs error: Unable to contact slurm controller (connect failure)" >&2
exit 1
"""


class Notes(Report):
    """Keeps what the user is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def follow(folder: Path, silent: int, report: Report) -> RunRecord:
    """Follow a run of one build in job 1, which ends once Slurm has answered; it is silent so many times."""
    run = RunFolder(folder)
    build = Progress(name="single", version="1.0", key="k", job="1")
    record = RunRecord(
        name="r", command="c", prefix="/p", site="s", jobs=0, on="slurm", began=1.0, builds=(build,)
    )
    run.write(record)
    (folder / "squeue").write_text(_SQUEUE)
    (folder / "squeue").chmod(0o755)
    (folder / "squeue.left").write_text(str(silent))
    environ = {"PATH": f"{folder}:/usr/bin:/bin"}
    places = Places(recipes=(), sites=(), channel="", cache="")
    settings = Settings(places=places, environ=environ, command="c", report=report)
    submitter = Submitter(folder=run, site=Site(name="s", summary=""), settings=settings, options=())
    told = Events(run.events("single", "k"))
    return following.follow(run, Queue(environ=environ), submitter, lambda record: told.ended("built"))


def test_a_silent_slurm_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its controller restarts in the middle of the night: it is asked again, and that is said once."""
    monkeypatch.setattr(following, "REST", 0.01)
    report = Notes()
    assert follow(tmp_path, 3, report).builds[0].state == "built"
    (note,) = report.notes
    assert note.startswith("squeue: slurm_load_jobs error: Unable to contact slurm controller")


def test_a_slurm_that_stays_silent_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its own words, and the hint that the jobs may go on."""
    monkeypatch.setattr(following, "REST", 0.01)
    monkeypatch.setattr(following, "PATIENCE", 0.2)
    began = time.monotonic()
    with pytest.raises(NoAnswerError, match="Unable to contact") as caught:
        follow(tmp_path, 10**6, Notes())
    assert time.monotonic() - began >= 0.2
    assert "the jobs may go on" in str(caught.value.hint)
