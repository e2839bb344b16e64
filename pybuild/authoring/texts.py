"""Reads text of unpacked archives: any encoding, nothing huge, no link."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

LONGEST = 4 * 2**20
"""Longer files are data or generated; nothing about a build is learned from them."""

MOST = 20_000
"""So many files are looked at, and no more."""


def read(path: Path) -> str:
    """Return a file's text, ``""`` where there is no such file, it is a link, or it is too long."""
    try:
        if path.is_symlink() or path.stat().st_size > LONGEST:
            return ""
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""


def walk(folder: Path) -> Iterator[Path]:
    """Yield the files of an unpacked archive in a fixed order, links and hidden folders left out."""
    count = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            if not path.is_symlink():
                yield path
                count += 1
                if count >= MOST:
                    return
