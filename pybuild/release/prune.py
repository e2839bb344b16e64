"""Which releases may go, and their removal."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pybuild.release import layout
from pybuild.release.policy import thaw
from pybuild.release.root import user_name
from pybuild.release.switch import Switch

GOING = ".going"
"""What the name of a release ends with while it is removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What happens to a release.

    Attributes:
        why: the reason, in a few words.
    """

    name: str
    goes: bool
    why: str


def fates(
    names: Sequence[str], rows: Sequence[Switch], current: str | None, held: Mapping[str, str], *,
    keep: int, grace: timedelta, now: datetime,
) -> tuple[Fate, ...]:  # fmt: skip
    """Return what happens to each release.

    Args:
        names: the releases that stand there.
        rows: every change of the link to the one in service.
        held: name -> why it stays whatever else is said, such as who uses it.
        keep: how many that were in service stay, the present one included.
        grace: how long a release stays after it was in service, for jobs that nobody can see.
        now: the time, with its zone.
    """
    left = _left(rows, current)
    served = sorted(
        (n for n in names if n in left or n == current), key=lambda n: left.get(n, ""), reverse=True
    )
    kept = ([current] if current in names else []) + [name for name in served if name != current]
    newest = {*kept[: max(keep, 1)]}
    found = []
    for name in names:
        if name == current:
            fate = Fate(name=name, goes=False, why="in service")
        elif name in held:
            fate = Fate(name=name, goes=False, why=held[name])
        elif name not in left:
            fate = Fate(
                name=name, goes=True, why="unfinished, of a deploy that ended before it was in service"
            )
        elif name in newest:
            fate = Fate(name=name, goes=False, why=f"one of the {keep} that are kept")
        elif datetime.fromisoformat(left[name]) + grace > now:
            hours = grace.total_seconds() / 3600
            fate = Fate(
                name=name, goes=False, why=f"in service until {left[name]}, less than {hours:g} hours ago"
            )
        else:
            fate = Fate(name=name, goes=True, why=f"in service until {left[name]}")
        found.append(fate)
    return tuple(found)


def _left(rows: Sequence[Switch], current: str | None) -> dict[str, str]:
    """Return when each release that was in service left it for the last time."""
    left = {}
    for row, following in itertools.pairwise(rows):
        left[row.after] = following.when
    if rows and rows[-1].after != current:  # the last change was killed before it happened
        left.setdefault(rows[-1].after, rows[-1].when)
    return left


def owned_by_other(root: Path, name: str) -> str | None:
    """Return whose a release is, None where it is the user's or not there: only owners change modes."""
    try:
        owner = os.lstat(layout.release(root, name)).st_uid
    except FileNotFoundError:
        return None
    return None if os.geteuid() in (0, owner) else user_name(owner)


def remove(root: Path, name: str) -> None:
    """Remove a release: it is out of the way in one step, whatever happens then.

    Raises:
        OSError: it cannot be removed.
    """
    prefix = layout.release(root, name)
    going = prefix.with_name(f".{name}{GOING}")
    os.rename(prefix, going)
    thaw(going)
    shutil.rmtree(going)


def sweep(root: Path) -> tuple[str, ...]:
    """Remove what killed runs left beside the releases; nobody else may be changing the stack.

    Returns the names of what was removed. What cannot go yet stays for the next time: a file that another
    node still has open, a mount.
    """
    gone = []
    folder = layout.releases(root)
    for entry in sorted(os.listdir(folder)) if folder.is_dir() else ():
        if entry.startswith("."):
            if os.geteuid() not in (0, os.lstat(folder / entry).st_uid):
                continue  # of another maintainer, who sweeps it
            with suppress(OSError):
                _remove(folder / entry)
                gone.append(entry)
    for entry in sorted(os.listdir(root)):
        if entry.startswith(".current."):
            (root / entry).unlink()
            gone.append(entry)
    return tuple(gone)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        thaw(path)
        shutil.rmtree(path)
    else:
        path.unlink()
