"""Who builds in a stage, and which stages nobody needs any more."""

from __future__ import annotations

import json
import os
import platform
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

OWNER = "owner.json"
"""File of a stage that names the process that builds in it."""

DAYS = 7
"""After so many days the stage of a build that was killed is removed."""

DAYS_ELSEWHERE = 30
"""The same for a build of another node, whose processes cannot be seen from here."""


def claim(root: Path) -> None:
    """Write down that this process builds in the stage ``root``.

    Raises:
        OSError: it cannot be written.
    """
    pid = os.getpid()
    owner = {"node": platform.node(), "process": pid, "began": _began(pid), "since": int(time.time())}
    (root / OWNER).write_text(json.dumps(owner))


def sweep(parent: Path, *, kept: str, now: float | None = None) -> tuple[Path, ...]:
    """Remove stages that killed builds left below ``parent``; return what was removed.

    What is kept for a person, what is younger than ``DAYS``, what a living process owns or stands in,
    and what belongs to somebody else stays.

    Args:
        kept: name of the file that marks a stage as kept.
        now: seconds since the epoch, for tests.
    """
    moment = time.time() if now is None else now
    gone = []
    for root in sorted(_stages(parent)):
        if not (root / kept).exists() and _is_left(root, moment) and remove(root):
            gone.append(root)
    return tuple(gone)


def remove(root: Path) -> bool:
    """Remove a stage unless a living process stands in it; return whether it is gone."""
    if in_use(root):
        return False
    shutil.rmtree(root, ignore_errors=True)
    return not root.exists()


def in_use(root: Path) -> bool:
    """Return whether a process of this node has its working directory in ``root``, as an open shell has."""
    inside = f"{os.path.realpath(root)}/"
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or it is somebody else's
            if f"{os.readlink(process / 'cwd')}/".startswith(inside):
                return True
    return False


def _stages(parent: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError):
        for entry in os.scandir(parent):
            if entry.is_dir(follow_symlinks=False) and entry.stat().st_uid == os.geteuid():
                yield Path(entry.path)


def _is_left(root: Path, now: float) -> bool:
    owner: dict[str, object] = {}
    with suppress(OSError, ValueError):
        data = json.loads((root / OWNER).read_text())
        owner = data if isinstance(data, dict) else {}
    with suppress(OSError):
        days = (now - root.stat().st_mtime) / 86400
        if owner.get("node", platform.node()) != platform.node():
            return days > DAYS_ELSEWHERE
        return days > DAYS and not _alive(owner)
    return False


def _alive(owner: dict[str, object]) -> bool:
    """Return whether the very process that made the stage still runs: numbers are given out again."""
    pid, began = owner.get("process"), owner.get("began")
    return isinstance(pid, int) and began is not None and _began(pid) == began


def _began(pid: int) -> int | None:
    """Return when a process began, in clock ticks since the machine did; None where there is no such one."""
    with suppress(OSError, ValueError, IndexError):
        # The name, in brackets, may hold anything; the 22nd field is the 20th after it.
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    return None
