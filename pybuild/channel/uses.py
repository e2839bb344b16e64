"""Who uses what of a channel: prefixes that were made from it, and runs that are under way."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from pybuild.channel import keys
from pybuild.files import add_file

PREFIXES = "prefixes"
LOCK = "use.lock"
_DEPTH = 5


def remember(channel: str, subdir: str, prefix: str) -> None:
    """Note that a prefix has packages of a channel, as far as we may write there."""
    file = Path(channel, subdir, keys.FOLDER, PREFIXES)
    with contextlib.suppress(OSError):
        # Whoever may not write to the folder leaves the file in it alone, too.
        if prefix in known_prefixes(channel, subdir) or not os.access(file.parent, os.W_OK):
            return
        add_file(file, file.parent.stat().st_mode & 0o666)
        with file.open("a") as stream:
            stream.write(f"{prefix}\n")


def known_prefixes(channel: str, subdir: str) -> tuple[str, ...]:
    """Return the prefixes that were noted."""
    try:
        lines = Path(channel, subdir, keys.FOLDER, PREFIXES).read_text().splitlines()
    except OSError:
        return ()
    return tuple(dict.fromkeys(line for line in lines if line.startswith("/")))


def prefixes_below(folder: str) -> Iterator[str]:
    """Yield the conda prefixes in a folder: a stack's releases, a project's environments."""
    top = folder.rstrip("/").count("/")
    for place, names, _ in os.walk(folder):
        if "conda-meta" in names:
            yield place
        if "conda-meta" in names or place.count("/") - top >= _DEPTH:
            names.clear()


def used_stems(prefixes: Iterable[str]) -> set[str]:
    """Return the packages that prefixes have, as ``<name>-<version>-<build>``; a missing prefix has none."""
    found: set[str] = set()
    for prefix in prefixes:
        with contextlib.suppress(OSError):
            entries = os.listdir(os.path.join(prefix, "conda-meta"))
            found |= {entry.removesuffix(".json") for entry in entries if entry.endswith(".json")}
    return found


def use_lock(channel: str, subdir: str) -> Path:
    """Return the lock that runs share while they take packages from a channel."""
    return Path(channel, subdir, keys.FOLDER, LOCK)
