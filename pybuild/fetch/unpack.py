"""Unpacks source archives so that nothing can be written outside, and applies patches to what came out."""

from __future__ import annotations

import errno
import lzma
import shutil
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from pybuild.errors import ArchiveError
from pybuild.fetch.members import Allowance, Limits
from pybuild.fetch.tarballs import unpack_tar
from pybuild.fetch.unpacked_tree import Tree
from pybuild.fetch.zips import unpack_zip
from pybuild.process import Captured, capture

# What the standard library's readers raise for bytes that are no archive or a damaged one.
_DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    ValueError,
    OverflowError,
    NotImplementedError,
    MemoryError,
)


def unpack(archive: Path, destination: Path, *, limits: Limits | None = None) -> None:
    """Unpack a tar (gz, bz2, xz) or zip archive, without its single top folder where it has one.

    Args:
        destination: is made by this; an empty folder may stand there already.

    Raises:
        ArchiveError: the archive is damaged, absurdly large, or has a member that would be written
            outside; or the file system refuses. Nothing is left behind then.
    """
    temporary = None
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        temporary = tempfile.mkdtemp(prefix=f".{destination.name}.", dir=destination.parent)
        root = Path(temporary, "all")
        root.mkdir(0o755)
        tree = Tree(archive, root, Allowance(archive, limits or Limits()))
        if _is_zip(archive):
            unpack_zip(archive, tree)
        else:
            unpack_tar(archive, tree, root)
        tree.finished().rename(destination)
    except _DAMAGE as error:
        raise _damaged(archive, error) from None
    except OSError as error:
        # gzip and bz2 report damage as an OSError without a number.
        if error.errno is None:
            raise _damaged(archive, error) from None
        raise _refused(archive, destination, error) from None
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def apply_patches(source: Path, patches: Iterable[Path], *, env: Mapping[str, str]) -> None:
    """Apply patches to an unpacked source in order, each with ``patch -p1``.

    Args:
        env: the whole environment of ``patch``.

    Raises:
        ArchiveError: a patch does not apply; the source is of no use then.
    """
    options = ("-p1", "--batch", "--forward", "--no-backup-if-mismatch", "--reject-file=-")
    for patch in patches:
        file = str(patch.absolute())
        answer = capture(["patch", *options, "-i", file], env=env, cwd=str(source))
        if answer.code == 127:
            raise ArchiveError(f"{patch} cannot be applied: {answer.err}", hint="install the program `patch`")
        if answer.code != 0:
            raise ArchiveError(
                f"{patch.name} does not apply to {source}: {_failed_hunk(answer)}",
                hint="the patch was made for another version: limit it with `when:` or make it anew",
            )


def _is_zip(archive: Path) -> bool:
    with archive.open("rb") as stream:
        return stream.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


def _damaged(archive: Path, error: Exception) -> ArchiveError:
    return ArchiveError(
        f"{archive} is no archive or a damaged one: {error or type(error).__name__}",
        hint="delete it and fetch it again; tar (gz, bz2, xz) and zip can be unpacked",
    )


def _refused(archive: Path, destination: Path, error: OSError) -> ArchiveError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return ArchiveError(
        f"{archive} cannot be unpacked into {destination}: {str(error.strerror or error).lower()}",
        hint="free some space or quota there" if full else None,
    )


def _failed_hunk(answer: Captured) -> str:
    lines = [line.strip() for line in (answer.out + "\n" + answer.err).splitlines() if line.strip()]
    words = ("FAILED", "malformed", "previously applied", "garbage")
    told = next((n for n, line in enumerate(lines) if any(word in line for word in words)), None)
    if told is None:
        return (lines or [f"exit code {answer.code}"])[0]
    # "patching file NAME" stands before the hunks of each file.
    files = [line.partition("file ")[2] for line in lines[:told] if line.startswith("patching file ")]
    return f"{files[-1]}: {lines[told]}" if files else lines[told]
