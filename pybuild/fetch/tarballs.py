"""Reads a tar archive, plain or compressed, into a tree."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from pybuild.errors import ArchiveError
from pybuild.fetch.members import check_hardlink, check_symlink, parts_of, refuse
from pybuild.fetch.unpacked_tree import Tree

_CHUNK = 2**20
# tarfile reads a member's extended header in one piece, however large it claims to be.
_LONGEST_HEADER = 2**24
_LONGEST_PADDING = 2**26
_END = bytes(tarfile.BLOCKSIZE)


def unpack_tar(archive: Path, tree: Tree, root: Path) -> None:
    """Add every member of a tar archive to a tree.

    Args:
        root: the tree's folder, for the standard library's own check.

    Raises:
        ArchiveError: a member is refused, or the archive ends too early.
    """
    with archive.open("rb") as raw:
        stream = _Watched(_decompressed(raw))
        with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r:") as tar:
            for member in tar:
                _check(archive, member, root)
                _add(archive, tar, member, tree)
        # tarfile takes a damaged header in the middle for the end; the end is a block of zeros.
        if stream.last != _END:
            raise ArchiveError(f"{archive} is damaged: it has no end after its last whole member")
        _drain(archive, stream)


def _drain(archive: Path, stream: _Watched) -> None:
    """Read the padding behind the end, so that the decompressor compares its check sums."""
    for _ in range(_LONGEST_PADDING // _CHUNK):
        if not stream.read(_CHUNK):
            return
    raise ArchiveError(f"{archive} is damaged: more than {_LONGEST_PADDING} bytes follow its end")


def _decompressed(raw: IO[bytes]) -> IO[bytes]:
    magic = raw.read(6)
    raw.seek(0)
    if magic.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=raw, mode="rb"))
    if magic.startswith(b"BZh"):
        return cast("IO[bytes]", bz2.BZ2File(raw))
    if magic == b"\xfd7zXZ\0":
        return cast("IO[bytes]", lzma.LZMAFile(raw))
    return raw


class _Watched(io.RawIOBase):
    """A stream that refuses absurd reads and remembers the last thing read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.last = b""

    def read(self, size: int = -1, /) -> bytes:
        if size < 0 or size > _LONGEST_HEADER:
            raise tarfile.ReadError(f"a header of {size} bytes")
        self.last = self._stream.read(size)
        return self.last

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()


def _check(archive: Path, member: tarfile.TarInfo, root: Path) -> None:
    """Refuse a member before anything is written; the standard library looks as well, where it can."""
    parts_of(archive, member.name)
    if member.issym():
        check_symlink(archive, member.name, member.linkname)
    elif member.islnk():
        check_hardlink(archive, member.name, member.linkname)
    elif not (member.isreg() or member.isdir()):
        raise refuse(archive, member.name, "it is a device, a pipe or something else that is no file")
    # Python 3.12 has it, and the later security releases of the versions before.
    if hasattr(tarfile, "data_filter"):
        try:
            tarfile.data_filter(member, str(root))
        except tarfile.FilterError as error:
            raise refuse(archive, member.name, f"Python's own check says {type(error).__name__}") from None


def _add(archive: Path, tar: tarfile.TarFile, member: tarfile.TarInfo, tree: Tree) -> None:
    if member.isdir():
        tree.folder(member.name)
    elif member.issym():
        tree.symlink(member.name, member.linkname)
    elif member.islnk():
        tree.hardlink(member.name, member.linkname)
    else:
        chunks = _chunks(archive, tar, member)
        tree.file(member.name, chunks, executable=bool(member.mode & 0o100), mtime=member.mtime)


def _chunks(archive: Path, tar: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[bytes]:
    stream = tar.extractfile(member)
    left = member.size
    while stream is not None and left > 0:
        chunk = stream.read(min(left, _CHUNK))
        if not chunk:
            raise ArchiveError(f"{archive} is damaged: it ends within {member.name!r}")
        left -= len(chunk)
        yield chunk
