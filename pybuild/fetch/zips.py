"""Reads a zip archive into a tree."""

from __future__ import annotations

import stat
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

from pybuild.fetch.members import refuse
from pybuild.fetch.unpacked_tree import Tree

_CHUNK = 2**20
# A path is never longer; a link that claims more is not read whole.
_LONGEST_LINK = 4096


def unpack_zip(archive: Path, tree: Tree) -> None:
    """Add every member of a zip archive to a tree.

    Raises:
        ArchiveError: a member is refused.
    """
    with zipfile.ZipFile(archive) as packed:
        for member in packed.infolist():
            _add(archive, packed, member, tree)


def _add(archive: Path, packed: zipfile.ZipFile, member: zipfile.ZipInfo, tree: Tree) -> None:
    # zipfile cuts names at a zero byte; the name as stored is the one to judge.
    name = member.orig_filename
    mode = member.external_attr >> 16
    kind = stat.S_IFMT(mode)
    if member.flag_bits & 1:
        raise refuse(archive, name, "it is encrypted")
    if name.endswith("/"):
        tree.folder(name)
    elif kind == stat.S_IFLNK:
        with packed.open(member) as stream:
            tree.symlink(name, stream.read(_LONGEST_LINK).decode("utf-8", "surrogateescape"))
    elif kind in (0, stat.S_IFREG):
        tree.file(name, _chunks(packed, member), executable=bool(mode & 0o100), mtime=_mtime(member))
    else:
        raise refuse(archive, name, "it is a device, a pipe or something else that is no file")


def _chunks(packed: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    with packed.open(member) as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _mtime(member: zipfile.ZipInfo) -> float:
    try:
        return time.mktime((*member.date_time, 0, 0, -1))
    except (ValueError, OverflowError):
        return 0
