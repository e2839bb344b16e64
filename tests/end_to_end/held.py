"""Builds and checks that stand still while a file exists, so that a test can look at a run in the middle."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.end_to_end import toys
from tests.end_to_end.project import Project

_WAIT = """
import os, subprocess, time
if os.path.exists({hold!r}):
    child = subprocess.Popen(["sleep", "300"], start_new_session=False)
    open({hold!r} + ".reached", "w").close()
    while os.path.exists({hold!r}):
        time.sleep(0.01)
    child.kill()
"""


def hold_build(project: Project) -> Path:
    """Let builds of toyext 3.0 stand still while the returned file exists; it is made."""
    hold = _made(project.root / "hold-build")
    setup = _WAIT.format(hold=str(hold)) + toys.SETUP.replace("NAME", "toyext").replace("VERSION", "3.0")
    file = toys.sdist("toyext", "3.0", {"setup.py": setup})
    project.recipe("toyext", toys.extension_recipe(file))
    project.serve(file)
    return hold


def hold_ranks(project: Project) -> Path:
    """Let the ranks of toyext's check stand still while the returned file exists; it is made."""
    hold = _made(project.root / "hold-ranks")
    ranks = _WAIT.format(hold=str(hold)) + toys.RANKS.replace("NAME", "toyext")
    file = toys.sdist("toyext", "3.0")
    project.recipe("toyext", toys.extension_recipe(file), ranks=ranks)
    project.serve(file)
    return hold


def _made(path: Path) -> Path:
    path.write_text("")
    return path


def reached(hold: Path) -> bool:
    """Return whether a run stands still there."""
    return hold.with_name(f"{hold.name}.reached").exists()


def until(holds: Callable[[], bool], child: subprocess.Popen[str], seconds: float = 120) -> None:
    """Wait for a condition while a run goes on."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert child.poll() is None, f"the run ended first\n{''.join(child.communicate())}"
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def left_below(root: Path, seconds: float = 120) -> list[str]:
    """Return the command lines of the processes below a folder that do not end by themselves in some time.

    What was killed is there until the kernel has found the time to end it.
    """
    deadline = time.monotonic() + seconds
    while (left := processes_below(root)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def processes_below(root: Path) -> list[str]:
    """Return the command lines of the processes that work in a folder or name it."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            place = (entry / "cwd").readlink()
        except OSError:
            continue
        if str(root) in words or place.is_relative_to(root):
            found.append(words)
    return found
