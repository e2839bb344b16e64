"""What of a channel may go, and its removal while nobody takes anything from there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from pybuild.channel import folder, keys
from pybuild.channel.keys import Row
from pybuild.channel.uses import use_lock
from pybuild.locks import used

STALE = 7 * 86400.0
"""Seconds after which what a killed build left half-written goes, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A package with what pruning asks about it.

    Attributes:
        size: bytes of its file.
        age: seconds since it was put into the channel.
    """

    row: Row
    size: int
    age: float


def held_packages(channel: str, subdir: str, now: float) -> tuple[Held, ...]:
    """Return every package of a channel, the oldest first; one whose file is gone has no size and is oldest.

    Raises:
        ChannelError: it cannot be read.
    """
    found = []
    for row in folder.read_rows(channel, subdir):
        try:
            info = os.stat(Path(channel, subdir, f"{row.stem}.conda"))
        except FileNotFoundError:
            found.append(Held(row=row, size=0, age=now))
        else:
            found.append(Held(row=row, size=info.st_size, age=now - info.st_mtime))
    return tuple(sorted(found, key=lambda one: (-one.age, one.row)))


def choose(
    packages: Sequence[Held], keep: Collection[str], *, older: float | None, size: int | None
) -> tuple[Held, ...]:
    """Return the packages that go.

    Args:
        packages: the oldest first.
        keep: stems of packages that somebody uses.
        older: go if they are older than so many seconds.
        size: go, the oldest first, until the rest has no more than so many bytes.
    """
    free = [one for one in packages if one.row.stem not in keep]
    going = [one for one in free if older is not None and one.age > older]
    if size is not None:
        total = sum(one.size for one in packages) - sum(one.size for one in going)
        for one in (one for one in free if one not in going):
            if total <= size:
                break
            going.append(one)
            total -= one.size
    return tuple(going)


def prune(
    channel: str,
    subdir: str,
    choice: Callable[[], Sequence[Held]],
    *,
    now: float,
    waiting: Callable[[], None],
) -> tuple[Held, ...]:
    """Remove what a function chooses, once no run takes packages from the channel; return it.

    Raises:
        ChannelError: the channel cannot be written.
    """
    folder.demand_writable(channel, subdir)
    with used([use_lock(channel, subdir)], alone=True, waiting=waiting):
        going = tuple(choice())
        if going:
            folder.remove(channel, subdir, [one.row for one in going])
        _sweep(Path(channel, subdir), now)
    return going


def _sweep(place: Path, now: float) -> None:
    """Remove what builds and copies left half-written that ended long ago."""
    for path in (*(place / keys.FOLDER).iterdir(), *place.iterdir()):
        if path.name.endswith((".packing", ".part", ".tmp")) and _age(path, now) > STALE:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _age(path: Path, now: float) -> float:
    """Return how long ago something was written; what has gone meanwhile is new: its copy is whole."""
    try:
        return now - path.lstat().st_mtime
    except FileNotFoundError:
        return 0.0
