"""Two runs at once on one prefix or one package, and locks of runs that died."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.end_to_end.held import hold_build, reached, until
from tests.end_to_end.project import ROOT, Project, finished

HOLD = """
import sys, time
from pathlib import Path
from pybuild.locks import held
from pybuild.prefix import places
with held(places.lock(Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(600)
"""


def test_one_package_is_built_once(project: Project) -> None:
    """Two runs that need the same package: one builds, the other waits for it; both prefixes get it."""
    hold = hold_build(project)
    other = project.root / "other"
    first = project.start("install", "toyext", "-y")
    until(lambda: reached(hold), first)
    second = project.start("install", "toyext", "-y", "-p", other)
    assert second.stderr is not None
    seen = ""
    while "waits: " not in seen:
        seen = second.stderr.readline()
        assert seen, "the second run ended instead of waiting"
    assert str(first.pid) in seen

    hold.unlink()

    finished(first).done()
    finished(second).done()
    assert project.imports("toyext") == project.imports("toyext", other) == "3.0"
    assert len(list((project.cache / "logs").glob("toyext-3.0-*"))) == 1


def test_one_new_prefix(project: Project) -> None:
    """Two runs that make the same new prefix both succeed, and it is made once."""
    runs = [project.start("install", spec, "-y") for spec in ("toypure==1.0", "toyext==1.0")]
    for run in runs:
        finished(run).done()
    assert (project.imports("toypure"), project.imports("toyext")) == ("1.0", "1.0")
    assert len(list(project.prefix.glob("conda-meta/python-*.json"))) == 1


def test_one_prefix_in_use(peopled: Project) -> None:
    """Two runs that change the same prefix both succeed; notes, pins and history have both."""
    runs = [peopled.start("install", spec, "-y") for spec in ("toypure==2.0", "toyext==1.0")]
    for run in runs:
        finished(run).done()
    assert (peopled.imports("toypure"), peopled.imports("toyext")) == ("2.0", "1.0")
    pins = (peopled.prefix / "conda-meta/pinned").read_text()
    assert "toypure 2.0 " in pins
    assert "toyext 1.0 " in pins


@pytest.mark.parametrize("new", [True, False], ids=["new", "in-use"])
def test_same_command_twice(project: Project, new: bool) -> None:
    """Twice the same command at once: both succeed, one by finding it done."""
    if not new:
        project.install("toypure==1.0").done()
    runs = [project.start("install", "toyext==1.0", "-y") for _ in range(2)]
    for run in runs:
        finished(run).done()
    assert project.imports("toyext") == "1.0"
    history = (project.prefix / "conda-meta/history").read_text()
    assert history.count("::toyext-1.0-") == 1


def test_lock_of_a_killed_run_does_not_block(peopled: Project) -> None:
    """A run waits for the prefix's lock and says for whom; when its holder is killed, it goes on."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(peopled.prefix)],
        env=peopled.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    run = peopled.start("install", "toyext==1.0", "-y")
    assert run.stderr is not None
    seen = ""
    while "waiting for" not in seen:
        seen = run.stderr.readline()
        assert seen, "the run ended instead of waiting"
    assert f"process {holder.pid}" in seen
    assert list(peopled.prefix.glob("conda-meta/toyext-*")) == []

    holder.kill()
    holder.communicate()

    finished(run).done()
    assert peopled.imports("toyext") == "1.0"
