"""Who uses what of a channel: prefixes that were made from it, and runs that are under way."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from pybuild.channel import keys
from pybuild.errors import ChannelError
from pybuild.files import add_file

PREFIXES = "prefixes"
LOCK = "use.lock"
_DEPTH = 5


def remember(channel: str, subdir: str, prefix: str) -> None:
    """Note which packages of a channel a prefix has, as far as we may write there.

    Whoever tidies the channel may not be able to look into the prefix: homes are often closed.
    """
    file = Path(channel, subdir, keys.FOLDER, PREFIXES)
    with contextlib.suppress(OSError):
        ours = {name.removesuffix(".conda") for name in os.listdir(file.parent.parent)}
        has = frozenset(_stems(prefix) & ours)
        # Whoever may not write to the folder leaves the file in it alone, too.
        if _read(file).get(prefix) == has or not os.access(file.parent, os.W_OK):
            return
        add_file(file, file.parent.stat().st_mode & 0o666)
        with file.open("ab", buffering=0) as stream:  # one write, whole between those of others
            stream.write(os.fsencode(f"{prefix}\n\t{' '.join(sorted(has))}\n"))


def _read(file: Path) -> dict[str, frozenset[str] | None]:
    """Return what the last lines about each prefix say; older releases noted no packages below it."""
    found: dict[str, frozenset[str] | None] = {}
    try:
        lines = os.fsdecode(file.read_bytes()).split("\n")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    prefix = ""
    for line in lines:
        if line.startswith("/"):
            prefix = line
            found.setdefault(prefix, None)
        elif line.startswith("\t") and prefix:
            found[prefix] = frozenset(line.split())
    return found


def prefixes_below(folder: str) -> Iterator[str]:
    """Yield the conda prefixes in a folder: a stack's releases, a project's environments."""
    top = folder.rstrip("/").count("/")
    for place, names, _ in os.walk(folder):
        if "conda-meta" in names:
            yield place
        if "conda-meta" in names or place.count("/") - top >= _DEPTH:
            names.clear()


def used_stems(channel: str, subdir: str, more: Iterable[str] = ()) -> set[str]:
    """Return the packages, as ``<name>-<version>-<build>``, of the prefixes that were noted and of others.

    A missing prefix has none; of one that we may not look into counts what was noted.

    Raises:
        ChannelError: the notes cannot be read, or nothing was noted of a prefix that we may not look into.
    """
    file = Path(channel, subdir, keys.FOLDER, PREFIXES)
    try:
        noted = _read(file)
    except OSError as error:
        raise ChannelError(f"{file}: cannot be read: {error.strerror}") from error
    found: set[str] = set()
    for prefix in dict.fromkeys([*noted, *more]):
        try:
            found |= _stems(prefix)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            has = noted.get(prefix)
            if has is None:
                raise ChannelError(
                    f"{prefix}: may use the channel, and cannot be read: {str(error.strerror).lower()}",
                    hint=f"ask somebody who may read it to run this; if it is gone, take it out of {file}",
                ) from error
            found |= has
    return found


def _stems(prefix: str) -> set[str]:
    entries = os.listdir(os.path.join(prefix, "conda-meta"))
    return {entry.removesuffix(".json") for entry in entries if entry.endswith(".json")}


def use_lock(channel: str, subdir: str) -> Path:
    """Return the lock that runs share while they take packages from a channel."""
    return Path(channel, subdir, keys.FOLDER, LOCK)
