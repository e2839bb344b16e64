"""40 kills and 10 full disks spread over deploys: users find whole releases, the next deploy goes on."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.end_to_end.project import Project, clone
from tests.end_to_end.stacks import Toys

KILLS, FULL = 40, 10
# Kills spread evenly meet the short stages by luck only; these wait for theirs.
AIMED = dict.fromkeys((7, 23, 39), "putting together") | dict.fromkeys((15, 31), "installed")

_USER = """
import os, subprocess, sys, time
current, stop = sys.argv[1:]
count = 0
while not os.path.exists(stop):
    argv = [current + "/bin/python", "-c", "import toypure, json; print(toypure.version)"]
    done = subprocess.run(argv, env={}, cwd="/", capture_output=True, text=True)
    if done.returncode or done.stdout not in ("1.0\\n", "2.0\\n"):
        sys.exit("after %d times: %r" % (count, done))
    count += 1
    time.sleep(0.15)
print(count)
"""


@pytest.fixture
def toys(tmp_path: Path, stock: Project) -> Iterator[Toys]:
    """A deployed stack with toypure 1.0; the channel holds everything."""
    project = Project(tmp_path / "world", stock.server)
    for folder in ("recipes", "sites"):
        shutil.rmtree(project.root / folder)
        shutil.copytree(stock.root / folder, project.root / folder)
    clone(stock.channel, project.channel)
    clone(stock.cache, project.cache)
    (tmp_path / "stack").mkdir()
    yield Toys(project, tmp_path / "stack", tmp_path / "root")
    shutil.rmtree(project.root)


@contextlib.contextmanager
def watched(toys: Toys) -> Iterator[None]:
    """Let a user import through ``current`` all the time, and fail if it ever did not work."""
    stop = toys.folder / "stop"
    stop.unlink(missing_ok=True)
    argv = [sys.executable, "-c", _USER, str(toys.current), str(stop)]
    user = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield
    finally:
        stop.touch()
        out, err = user.communicate(timeout=60)
    assert user.returncode == 0, err
    assert int(out) > 10


def _other(version: str) -> str:
    return "2.0" if version == "1.0" else "1.0"


def _declare(toys: Toys, version: str, number: int) -> None:
    """Declare a stack that was never deployed before."""
    toys.declare(f"toypure=={version}", environment={"TOYS_ROUND": str(number)})


def test_kills(toys: Toys) -> None:
    """Killed anywhere, again and again: users see whole releases, each deploy takes up the one before."""
    chance = random.Random(2019)  # noqa: S311  the same moments in every run
    _declare(toys, "1.0", 0)
    started = time.monotonic()
    toys.deploy().done()
    length = time.monotonic() - started
    version, number, resumed, met = "2.0", 1, 0, set()
    _declare(toys, version, number)
    with watched(toys):
        for kill in range(KILLS):
            before = toys.releases()
            if kill in AIMED:
                version, number = _meet(toys, AIMED[kill], version, number)
            else:
                child = toys.start("deploy")
                # Spread evenly over a deploy; a resumed one does not install again and is shorter.
                time.sleep(0.7 * length * (kill % 10 + chance.random()) / 10)
                _kill(child)
            met.add(_stage(toys))
            if toys.imports("toypure") == version:
                version, number = _next(toys, version, number)
            else:
                names = [name for name in toys.releases() if not name.startswith(".")]
                assert len(names) <= 2, (before, names)
                resumed += len(names) == 2
        toys.deploy().done()
    assert toys.imports("toypure") == version
    assert toys.status()["drift"] == []
    assert len([name for name in toys.releases() if not name.startswith(".")]) == 2
    assert met >= {"nothing", "putting together", "installed"}, met
    assert resumed >= list(AIMED.values()).count("installed"), "those of the others depend on the machine"


def _next(toys: Toys, version: str, number: int) -> tuple[str, int]:
    """Forget all releases but the last, and declare one that was never deployed."""
    toys.run("prune", "--keep", 1, "--grace", 0).done()
    _declare(toys, _other(version), number + 1)
    return _other(version), number + 1


def _meet(toys: Toys, stage: str, version: str, number: int) -> tuple[str, int]:
    """Kill a deploy at a stage; one that is quicker than this process is followed by another."""
    for _ in range(20):
        toys.deploy().done()  # only one that begins anew comes through every stage
        version, number = _next(toys, version, number)
        child = toys.start("deploy")
        while _stage(toys) != stage and child.poll() is None:
            time.sleep(0.001)
        _kill(child)
        if _stage(toys) == stage:
            return version, number
    pytest.fail(f"no kill met the stage: {stage}")


def _kill(child: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):  # it may have come to its end
        os.killpg(child.pid, signal.SIGKILL)
    child.communicate()


def _stage(toys: Toys) -> str:
    """Return how far the release in the making had come."""
    here = os.path.basename(os.readlink(toys.current))
    entries = [name for name in toys.releases() if name != here]
    if any(name.endswith(".pybuild-new") for name in entries):
        return "putting together"
    if any((toys.root / "releases" / name / "etc/pybuild/release.json").exists() for name in entries):
        return "shared"
    return "installed" if any(not name.startswith(".") for name in entries) else "nothing"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Callable[[int], None]]:
    """A function that gives the root's own file system a size in kilobytes."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    folder = tmp_path / "root"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1g,mode=755", "tmpfs", folder], check=True)

    def resize(kilobytes: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={kilobytes}k", "tmpfs", folder], check=True)

    yield resize
    subprocess.run(["umount", folder], check=True)


def test_full_disks(small: Callable[[int], None], toys: Toys) -> None:
    """The disk full at ten points of a deploy: a sentence, the old release works on; with room it goes on."""
    toys.declare("toypure==1.0")
    toys.deploy().done()
    used = _used(toys.root)
    toys.declare("toypure==2.0")
    with watched(toys):
        for point in range(FULL):
            # From not one byte to all but the last; each attempt takes up what the one before left.
            small(used + int(used * point / FULL * 0.97) + 8)
            outcome = toys.deploy()
            assert outcome.code not in (0, 1), outcome.err
            assert "Traceback" not in outcome.err
            assert "no space" in outcome.err.lower()
            assert "hint: " in outcome.err
            assert toys.imports("toypure") == "1.0"
        small(1_000_000)
        toys.deploy().done()
    assert toys.imports("toypure") == "2.0"
    assert toys.status()["drift"] == []


def _used(folder: Path) -> int:
    info = os.statvfs(folder)
    return (info.f_blocks - info.f_bfree) * info.f_frsize // 1024
