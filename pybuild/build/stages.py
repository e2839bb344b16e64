"""Where builds stand: in the cache, or on a file system of the node itself that has room for them."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

ROOM = 2 * 1024**3
"""Bytes that must be free for a build to stand there; large libraries with their objects take about one."""


def in_cache(cache: str) -> Path:
    """Return the folder of build folders in the cache."""
    return Path(cache, "stage")


def on_node(folder: str) -> Path:
    """Return our own folder of build folders below a directory that others may write to as well."""
    return Path(folder, f"pybuild-{os.geteuid()}", "stage")


def choose(folder: str | None, cache: str, room: int = ROOM) -> tuple[Path, str]:
    """Return where a build stands, and why not where it was meant to, or ``""``.

    Args:
        folder: directory that the user named, None for the cache.
        room: bytes that must be free there.
    """
    if folder is None:
        return in_cache(cache), ""
    place = on_node(folder)
    try:
        place.parent.mkdir(mode=0o700, exist_ok=True)
        if place.parent.is_symlink() or place.parent.stat().st_uid != os.geteuid():
            return in_cache(cache), f"{place.parent}: belongs to somebody else; builds stand in the cache"
        free = shutil.disk_usage(place.parent).free
    except OSError as error:
        return in_cache(cache), f"{folder}: cannot be used: {error.strerror}; builds stand in the cache"
    if free < room:
        said = f"{folder}: has {free >> 20} MiB free, {room >> 20} are needed; builds stand in the cache"
        return in_cache(cache), said
    return place, ""


def places_of_stages(folder: str | None, cache: str) -> tuple[Path, ...]:
    """Return every folder in which build folders may be."""
    with suppress(OSError):
        if folder is not None and on_node(folder).is_dir():
            return in_cache(cache), on_node(folder)
    return (in_cache(cache),)
