"""A killed run leaves a prefix in which everything still imports, and the next run completes it."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.held import hold_build, until
from tests.end_to_end.project import Project, clone, finished

POINTS = 10
"""Kills for each of the three kinds of run."""


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory, stock: Project) -> Iterator[Project]:
    """A project with two prefixes to start from: ``used``, and ``older`` with toyext 1.0 as well."""
    project = Project(tmp_path_factory.mktemp("field"), stock.server)
    for folder in ("recipes", "sites"):
        shutil.rmtree(project.root / folder)
        shutil.copytree(stock.root / folder, project.root / folder)
    clone(stock.channel, project.channel)
    clone(stock.cache, project.cache)
    project.install("toypure==1.0").done()
    clone(project.prefix, project.root / "used")
    project.install("toyext==1.0").done()
    clone(project.prefix, project.root / "older")
    yield project
    shutil.rmtree(project.root)


def _reset(project: Project, origin: str | None) -> None:
    """Put the prefix back; text in it names its own place, so it is always in the same one."""
    shutil.rmtree(project.prefix, ignore_errors=True)
    if origin:
        clone(project.root / origin, project.prefix)


def _undisturbed(project: Project, origin: str | None, sign: Path, spec: str) -> tuple[float, float]:
    """Return the seconds from the start to the transaction's first sign, and from there to the end."""
    _reset(project, origin)
    started = time.monotonic()
    child = project.start("install", spec, "-y", "--verify", "linked")
    _await(sign, child)
    begun = time.monotonic()
    finished(child).done()
    return begun - started, time.monotonic() - begun


def _await(sign: Path, child: subprocess.Popen[str]) -> None:
    while not sign.exists() and child.poll() is None:
        time.sleep(0.0005)


def _kill(project: Project, spec: str, sign: Path | None, delay: float) -> None:
    """Start an installation and kill it some time after it began, or after a sign of its transaction."""
    child = project.start("install", spec, "-y", "--verify", "linked")
    if sign is not None:
        _await(sign, child)
    time.sleep(delay)
    with contextlib.suppress(ProcessLookupError):  # it may have come to its end
        os.killpg(child.pid, signal.SIGKILL)
    child.communicate()


def _kills(project: Project, origin: str | None, spec: str, sign: Path) -> Iterator[None]:
    """Kill an installation at many points: a few before the transaction begins, most after its first sign.

    The first of these is within it for certain.
    """
    before, after = _undisturbed(project, origin, sign, spec)
    chance = random.Random(2019)  # noqa: S311  the same points in every run
    for _ in range(2):
        _reset(project, origin)
        _kill(project, spec, None, chance.uniform(0.1, before))
        yield
    for _ in range(20):  # a transaction that was quicker than this process is no try
        _reset(project, origin)
        _kill(project, spec, sign, 0)
        if sign.exists():
            break
    assert sign.exists(), "no kill met the transaction itself"
    yield
    for number in range(1, POINTS - 2):
        _reset(project, origin)
        _kill(project, spec, sign, after * number / (POINTS - 2) * chance.uniform(0.8, 1))
        yield


@pytest.mark.parametrize(
    ("origin", "spec"), [("used", "toyext==1.0"), ("older", "toyext==2.0")], ids=["install", "upgrade"]
)
def test_existing_prefix(field: Project, origin: str, spec: str) -> None:
    """Killed anywhere, what was there still imports; the next run completes the job and proves it."""
    journal = field.prefix / "conda-meta/pybuild/journal"
    for _ in _kills(field, origin, spec, journal):
        assert field.imports("toypure") == "1.0"
        assert subprocess.run([field.python, "-m", "pip", "--version"], capture_output=True).returncode == 0

        again = field.install(spec, "--verify", "linked").done()

        assert not journal.exists(), again.err
        assert field.imports("toyext") == spec[-3:]
        assert field.imports("toypure") == "1.0"
        assert field.note("toyext")["level"] == "linked"
        assert len(list(field.prefix.glob("conda-meta/toyext-*.json"))) == 1
        assert len(list(field.prefix.rglob("toyext-*.dist-info"))) == 1
        assert field.run("verify").done()


def test_new_prefix(field: Project) -> None:
    """Killed anywhere, a new prefix is there whole or not at all; the next run completes the job."""
    newborn = field.root / ".prefix.pybuild-new"
    for _ in _kills(field, None, "toypure==1.0", newborn):
        if field.prefix.exists():
            assert field.imports("toypure") == "1.0"
        field.install("toypure==1.0", "--verify", "linked").done()
        assert field.imports("toypure") == "1.0"
        assert not newborn.exists()


def test_killed_build_is_built_again(bare: Project) -> None:
    """A build that is killed leaves neither a package nor a lock; the same command builds it."""
    hold = hold_build(bare)
    for sign in (bare.cache / "stage", hold.with_name(f"{hold.name}.reached")):
        child = bare.start("install", "toyext", "-y")
        until(sign.exists, child)
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        assert not bare.prefix.exists()
        assert bare.built("toyext") == []
    hold.unlink()
    bare.install("toyext").done()
    assert bare.imports("toyext") == "3.0"
