"""Unfinished downloads: each has one owner at a time, and an owner's death does not lose its bytes.

An unfinished file lies beside the finished one's place under one of two names:
``<file>.part`` belongs to nobody, ``<file>.<host>.<process>.<token>.part`` to a process at work on it.
Taking one over is a rename, which only one process can win, on every file system and without locks.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path

#: after this many seconds without a write, the part of another machine's process counts as left behind
ABANDONED = 3600.0


def claim(target: Path) -> tuple[Path, Path | None]:
    """Return a path for a part of our own, and a file with an earlier run's bytes where there is one.

    The earlier bytes are to be copied and removed, never added to:
    an owner who was wrongly taken for dead may still be writing into that file.

    Args:
        target: where the finished file will be; its directory exists.
    """
    left_bytes = _own(target)
    for left in _left_behind(target):
        with contextlib.suppress(OSError):
            left.rename(left_bytes)
            return _own(target), left_bytes
    return _own(target), None


def release(part: Path, target: Path) -> None:
    """Leave a part to whoever fetches the same file next."""
    with contextlib.suppress(OSError):
        if part.stat().st_size:
            part.rename(target.with_name(f"{target.name}.part"))
        else:
            part.unlink()


def sweep(target: Path) -> None:
    """Remove what earlier runs left of a file that is now there."""
    for left in _left_behind(target):
        with contextlib.suppress(OSError):
            left.unlink()


def _own(target: Path) -> Path:
    return target.with_name(f"{target.name}.{_host()}.{os.getpid()}.{secrets.token_hex(4)}.part")


def _left_behind(target: Path) -> Iterator[Path]:
    free = target.with_name(f"{target.name}.part")
    if free.is_file():
        yield free
    for part in sorted(target.parent.glob("*.part")):
        if part.name.startswith(f"{target.name}.") and part != free and _is_abandoned(part, target):
            yield part


def _is_abandoned(part: Path, target: Path) -> bool:
    owner = part.name[len(target.name) + 1 : -len(".part")].rsplit(".", 2)
    try:
        if time.time() - part.stat().st_mtime > ABANDONED:
            return True
    except OSError:
        return False
    return len(owner) == 3 and owner[0] == _host() and not _is_alive(owner[1])


def _is_alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, ValueError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _host() -> str:
    return socket.gethostname().replace("/", "_") or "unknown"
