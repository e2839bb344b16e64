"""Files in the cache folder that remember what was read elsewhere: one for each folder and kind of answer.

A file is believed only if its first line says that it is whole, of this format and about this folder, so
a damaged one counts as none. Writers put a complete file in place by renaming it:
of two at once the last one wins, and what the other had found is found again.
"""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any, Literal

from pybuild import __version__
from pybuild.files import replace_file

TOO_YOUNG = 2_000_000_000
"""Nanoseconds: file systems count in steps of up to two seconds, and their clocks differ a bit from ours."""

Kind = Literal["recipes", "lint", "interpreters"]
Stamp = str
_FORMAT = 1
_ABANDONED = 3_600_000_000_000  # nanoseconds: no writer takes an hour


def stamp_of(path: str) -> Stamp:
    """Return what changes when a file does, ``""`` where there is none that can be looked at."""
    try:
        found = os.stat(path)
    except OSError:
        return ""
    return f"{found.st_ctime_ns} {found.st_mtime_ns} {found.st_size} {found.st_ino}"


def is_settled(stamp: Stamp, now: int) -> bool:
    """Return whether a file that is changed from now on will surely get another stamp."""
    return int(stamp.partition(" ")[0]) < now - TOO_YOUNG


def read_store(cache: str, kind: Kind, directory: str, maker: str = "") -> dict[str, str]:
    """Return what was remembered of a folder, nothing where that is missing or damaged.

    Args:
        maker: what made the values; those of another maker are not taken.
    """
    try:
        with open(_path(cache, kind, directory), "rb") as file:
            head, _, body = file.read().partition(b"\n")
        if json.loads(head) != _head(kind, directory, maker, body):
            return {}
        found = json.loads(body)
    except (OSError, ValueError, RecursionError):
        return {}
    # Nobody else writes such files, but then nobody has to check again what comes out of them.
    return found if isinstance(found, dict) and all(type(value) is str for value in found.values()) else {}


def write_store(cache: str, kind: Kind, directory: str, values: Mapping[str, str], maker: str = "") -> None:
    """Remember values of a folder; where that is not possible, nothing happens."""
    body = json.dumps(values, separators=(",", ":")).encode()
    head = json.dumps(_head(kind, directory, maker, body)).encode()
    path = _path(cache, kind, directory)
    with suppress(OSError):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        replace_file(path, head + b"\n" + body)
        _sweep(os.path.dirname(path))


def _head(kind: Kind, directory: str, maker: str, body: bytes) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "pybuild": __version__,
        "kind": kind,
        "directory": directory,
        "maker": maker,
        "size": len(body),
        "crc32": zlib.crc32(body),
    }


def _path(cache: str, kind: Kind, directory: str) -> str:
    return os.path.join(cache, "catalog", f"{kind}-{zlib.crc32(os.fsencode(directory)):08x}.json")


def _sweep(folder: str) -> None:
    """Remove what was remembered of folders that are gone; throw-away ones leave nothing."""
    gone: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                if not entry.name.endswith(".json"):
                    if entry.stat().st_mtime_ns < time.time_ns() - _ABANDONED:
                        gone.append(entry.path)
                    continue
                with open(entry.path, "rb") as file:
                    directory = json.loads(file.readline())["directory"]
            except (OSError, ValueError, KeyError, TypeError):
                continue
            if not os.path.isdir(directory):
                gone.append(entry.path)
    _remove(gone)


def _remove(paths: Collection[str]) -> None:
    for path in paths:
        try:
            os.unlink(path)
        except OSError:
            continue
