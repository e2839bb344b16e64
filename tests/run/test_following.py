"""Whoever follows jobs asks Slurm for hours: the answers are those of a program in its place."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pybuild.batch import following
from pybuild.batch.again import is_lost, submit_again
from pybuild.batch.queue import NoAnswerError, Queue
from pybuild.batch.submission import Submitter
from pybuild.errors import BuildError
from pybuild.load.places import Places
from pybuild.locks import held
from pybuild.model.launcher import Launcher
from pybuild.model.run import Progress, RunRecord
from pybuild.model.site import Site
from pybuild.report import Report
from pybuild.run.events import Events
from pybuild.run.folder import RunFolder
from pybuild.settings import Settings
from tests.end_to_end.project import ROOT

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


def begun(folder: Path) -> RunFolder:
    """Make a run of one build in job 1."""
    run = RunFolder(folder)
    build = Progress(name="single", version="1.0", key="k", job="1")
    record = RunRecord(
        name="r", command="c", prefix="/p", site="s", jobs=0, on="slurm", began=1.0, builds=(build,)
    )
    run.write(record)
    return run


def submitter_of(run: RunFolder, environ: dict[str, str], report: Report, submit: Path) -> Submitter:
    """Return what submits jobs of a run with some program."""
    places = Places(recipes=(), sites=(), channel="", cache="")
    settings = Settings(places=places, environ=environ, command="c", report=report)
    site = Site(name="s", summary="", launcher=Launcher(ranks=(), submit=(str(submit),)))
    return Submitter(folder=run, site=site, settings=settings, options=())


def program(path: Path, text: str) -> Path:
    """Write a program and return it."""
    path.write_text(text)
    path.chmod(0o755)
    return path


def follow(folder: Path, silent: int, report: Report) -> RunRecord:
    """Follow a run whose build ends once Slurm has answered; it is silent so many times."""
    run = begun(folder)
    program(folder / "squeue", _SQUEUE)
    (folder / "squeue.left").write_text(str(silent))
    environ = {"PATH": f"{folder}:/usr/bin:/bin"}
    submitter = submitter_of(run, environ, report, folder / "sbatch")
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


@pytest.mark.parametrize("refused", [False, True])
def test_a_job_that_begins_at_once_is_heard(tmp_path: Path, refused: bool) -> None:
    """What it tells before its number is known counts, and not what the lost job told before.

    Where no job is taken, the build stays lost: whoever comes next submits it again.
    """
    run = begun(tmp_path)
    told = run.events("single", "k")
    Events(told).failed(BuildError("single: its job 1 lost its node"))
    end = json.dumps({"at": 2.0, "event": "ended", "state": "built"})
    answer = "exit 1" if refused else f"echo '{end}' >> {told}; echo 2"
    submitter = submitter_of(run, {}, Report(), program(tmp_path / "sbatch", f"#!/bin/sh\n{answer}\n"))
    queue = Queue(environ={})
    if refused:
        with pytest.raises(BuildError, match="the job was not taken"):
            submit_again(run, run.read(), queue, submitter)
        assert is_lost(run.read().builds[0])
        return
    submit_again(run, run.read(), queue, submitter)
    (build,) = run.read().builds
    assert (build.state, build.job, build.again) == ("built", "2", 1)
    assert len(told.read_text().splitlines()) == 1


def test_what_nobody_submits_is_over(tmp_path: Path) -> None:
    """Not while its shell is at it; then it is not waited for, and the installation was not done either."""
    run = begun(tmp_path)
    record = run.read()
    run.write(replace(record, builds=(replace(record.builds[0], job=""),)))
    queue = Queue(environ={})
    with held(run.submitting):
        early = following.look(run, queue)
        assert (early.builds[0].state, early.last) == ("waits", None)
        assert not following.is_over(early)
    late = following.look(run, queue)
    assert late.last is not None
    assert (late.builds[0].state, late.last.state) == ("skipped", "skipped")
    assert following.is_over(late)


def test_status_says_how_long_a_build_has_been_at_it(tmp_path: Path) -> None:
    """Not only of what is over."""
    folder = tmp_path / "cache/runs/r"
    folder.mkdir(parents=True)
    program(tmp_path / "squeue", "#!/bin/sh\necho '1|RUNNING|None'\n")
    run = begun(folder)
    began = {"at": time.time() - 3600, "event": "began", "node": "n", "process": 1}
    run.events("single", "k").write_text(json.dumps(began) + "\n")
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-m", "pybuild", "jobs", "status", "--cache", tmp_path / "cache"]
    done = subprocess.run(argv, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.split()[:4] == ["single", "builds", "1", "n"], done.stderr
    assert int(done.stdout.split()[4].partition(":")[0]) >= 60
