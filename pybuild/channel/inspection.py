"""Compares a channel with what it says of itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pybuild.channel import keys, repodata
from pybuild.channel.folder import read_rows
from pybuild.channel.uses import LOCK, PREFIXES
from pybuild.errors import ChannelError

Kind = Literal["damaged", "missing", "unlisted", "stray", "half-written"]

_OURS = (keys.FILE, PREFIXES, "signed", LOCK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is not as it should be.

    Attributes:
        kind: bytes that are not those of their hash; a file that is gone or closed to us; a package that
            conda or the key index does not know; a file that nobody knows; what a killed run left.
        path: absolute path of the file.
        text: what is wrong, to follow the path.
    """

    kind: Kind
    path: str
    text: str


def inspect(channel: str, subdir: str) -> tuple[int, tuple[Finding, ...]]:
    """Return how many packages a channel has, and everything that is wrong with it; every file is hashed.

    Raises:
        ChannelError: it cannot be read, or is none.
    """
    folder = Path(channel, subdir)
    if not (folder / keys.FOLDER).is_dir():
        raise ChannelError(f"{channel}: is no channel of pybuild for {subdir}", hint="check the path")
    rows = read_rows(channel, subdir)
    try:
        found = [*_files(folder, rows), *_others(folder, rows), *_leftovers(folder / keys.FOLDER, rows)]
    except OSError as error:
        raise ChannelError(f"{error.filename or channel}: cannot be read: {error.strerror}") from error
    return len(rows), tuple(found)


def _files(folder: Path, rows: tuple[keys.Row, ...]) -> Iterator[Finding]:
    file = folder / repodata.FILE
    listed = repodata.read_rows(file.read_bytes() if file.exists() else None)
    for row in rows:
        path = folder / f"{row.stem}.conda"
        if not path.is_file():
            yield Finding(kind="missing", path=str(path), text="is in the index, and its file is gone")
            continue
        try:
            sha256 = repodata.hashes(path)[1]
        except OSError as error:
            yield Finding(kind="missing", path=str(path), text=f"cannot be read: {error.strerror}")
            continue
        if sha256 != row.sha256:
            yield Finding(
                kind="damaged", path=str(path), text=f"sha256 found {sha256}, expected {row.sha256}"
            )
        elif listed.get(path.name, {}).get("sha256") != sha256:
            yield Finding(kind="unlisted", path=str(path), text=f"{repodata.FILE} does not have it as it is")


def _others(folder: Path, rows: tuple[keys.Row, ...]) -> Iterator[Finding]:
    known = {f"{row.stem}.conda" for row in rows} | {repodata.FILE, keys.FOLDER}
    for name in sorted(set(os.listdir(folder)) - known):
        path = folder / name
        if name.endswith(".part"):
            yield Finding(kind="half-written", path=str(path), text="was left by a copy that did not end")
        elif name.endswith(".conda") and (folder / keys.FOLDER / name).with_suffix(".json").is_file():
            yield Finding(kind="unlisted", path=str(path), text="the key index does not have it")
        elif not name.startswith(("repodata", ".index-lock")):
            yield Finding(kind="stray", path=str(path), text=f"was not put there by pybuild{_fault(path)}")


def _fault(path: Path) -> str:
    """Return why conda is not told of a package that somebody has copied in."""
    if path.name.endswith((".conda", ".tar.bz2")):
        try:
            repodata.row_of(path)
        except ChannelError as error:
            return f", and {error.message.removeprefix(f'{path}: ')}"
    return ""


def _leftovers(folder: Path, rows: tuple[keys.Row, ...]) -> Iterator[Finding]:
    known = {f"{row.stem}.json" for row in rows} | set(_OURS)
    for name in sorted(set(os.listdir(folder)) - known):
        path = folder / name
        if name.endswith((".packing", ".part", ".tmp")):
            yield Finding(kind="half-written", path=str(path), text="is of a build that runs or was killed")
        elif ".lock" not in name and not name.endswith(".json"):
            yield Finding(kind="stray", path=str(path), text="was not put there by pybuild")
