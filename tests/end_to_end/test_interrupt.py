"""Ctrl-C, and SIGTERM as batch systems send it, at every phase of a run."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.held import hold_build, hold_ranks, left_below, processes_below, reached, until
from tests.end_to_end.project import Outcome, Project, changed, finished, snapshot
from tests.servers import Fault


def ctrl_c(child: subprocess.Popen[str]) -> None:
    """Send what a terminal sends: SIGINT to the whole foreground group."""
    os.killpg(child.pid, signal.SIGINT)


def sigterm(child: subprocess.Popen[str]) -> None:
    """Send what a batch system sends first."""
    child.send_signal(signal.SIGTERM)


both = pytest.mark.parametrize("stop", [ctrl_c, sigterm])
Stop = Callable[[subprocess.Popen[str]], None]


def _check(project: Project, outcome: Outcome) -> None:
    assert outcome.code == 130, outcome.err
    assert [line for line in outcome.err.splitlines() if line.startswith("error: interrupted")]
    assert "Traceback" not in outcome.err
    assert left_below(project.root) == []


@both
def test_during_a_build(peopled: Project, stop: Stop) -> None:
    """The compiler and its children are gone, prefix and channel are as before, and the next run succeeds."""
    hold = hold_build(peopled)
    before = snapshot(peopled.prefix, peopled.channel)
    child = peopled.start("install", "toyext", "-y")
    until(
        lambda: reached(hold) and any("sleep 300" in words for words in processes_below(peopled.root)), child
    )

    stop(child)

    _check(peopled, finished(child))
    left = changed(before, snapshot(peopled.prefix, peopled.channel))
    assert [path for path in left if path.endswith((".conda", ".packing")) or "conda-meta" in path] == []
    hold.unlink()
    peopled.install("toyext").done()
    assert peopled.imports("toyext") == "3.0"


@both
def test_during_a_download(project: Project, stop: Stop) -> None:
    """An interrupted download leaves no prefix; the next run fetches what is missing."""
    hold_build(project).unlink()
    project.server.misbehave("/files/toyext-3.0.tar.gz", Fault("slow", times=1, after=50, seconds=120))
    child = project.start("install", "toyext", "-y")
    until(lambda: bool(project.server.asked("/files/toyext-3.0.tar.gz")), child)

    stop(child)

    _check(project, finished(child))
    assert not project.prefix.exists()
    project.install("toyext").done()


@both
def test_during_the_transaction(project: Project, stop: Stop) -> None:
    """A new prefix is whole or absent, whenever the signal arrives."""
    newborn = project.root / ".prefix.pybuild-new"

    _check(project, _stopped(project, stop, newborn))

    assert not newborn.exists()
    if project.prefix.exists():
        assert project.imports("toypure") == "1.0"
    project.install("toypure==1.0").done()


def _stopped(project: Project, stop: Stop, sign: Path) -> Outcome:
    """Return how an installation ended that was stopped after a sign; one that was quicker is repeated."""
    for _ in range(20):
        child = project.start("install", "toypure==1.0", "-y")
        while not sign.exists() and child.poll() is None:
            time.sleep(0.001)
        with contextlib.suppress(ProcessLookupError):
            stop(child)
        outcome = finished(child)
        if outcome.code:
            return outcome
        shutil.rmtree(project.prefix)
    pytest.fail("no signal met the transaction")


@both
def test_during_the_ranks(peopled: Project, stop: Stop) -> None:
    """The launcher and its ranks are gone; the package stays, noted as unproven, until the next run."""
    hold = hold_ranks(peopled)
    child = peopled.start("install", "toyext", "-y")
    until(lambda: reached(hold), child)

    stop(child)

    _check(peopled, finished(child))
    assert peopled.imports("toyext") == "3.0"
    assert peopled.note("toyext")["level"] == "built"
    hold.unlink()
    peopled.install("toyext").done()
    assert peopled.note("toyext")["level"] == "ranked"


def test_stage_is_private(project: Project) -> None:
    """While a build runs, its stage is readable by its owner alone."""
    hold = hold_build(project)
    child = project.start("install", "toyext", "-y")
    until(lambda: reached(hold), child)
    stages: list[Path] = list((project.cache / "stage").glob("toyext-*"))
    modes = [stage.stat().st_mode & 0o777 for stage in stages]
    hold.unlink()
    finished(child).done()
    assert modes == [0o700]
