"""Files and folders that come or change in one step, and the hash of a file's bytes.

Whoever looks sees the old one or the new one. Imported wherever notes are read, so nothing here that is
slow to load is imported before it is needed.
"""

from __future__ import annotations

import contextlib
import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS)
"""What link(2) says on a file system without hard links."""


def sha256_of(path: str | Path) -> str:
    """Return the SHA-256 of a file in hexadecimal, read piece by piece.

    Raises:
        OSError: it cannot be read.
    """
    import hashlib

    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while chunk := stream.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()


def replace_file(
    path: str | Path, content: str | bytes, *, mode: int | None = None, safe: bool = False
) -> None:
    """Put a file with this content in the place of the one that is there, if there is one.

    Args:
        path: in a folder that exists and may be written to.
        content: text is written as UTF-8.
        mode: of a file that was not there, None for what the umask leaves; another one keeps its own.
        safe: return only when the content is on the disk itself.

    Raises:
        OSError: it cannot be written, naming it; what was there is as it was.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    beside = _beside(path)
    if os.path.exists(path):
        mode = os.stat(path).st_mode & 0o7777
    try:
        with open(beside, "xb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            file.write(data)
            if safe:
                file.flush()
                os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException as error:
        if os.path.lexists(beside):
            os.unlink(beside)
        if isinstance(error, OSError) and error.errno:  # whoever reads it never heard of the file beside
            raise OSError(error.errno, error.strerror, os.fspath(path)) from error
        raise


def add_file(path: str | Path, mode: int) -> None:
    """Make an empty file that has its mode from the first moment, or leave the one that is there.

    The umask would make it a colleague's alone until its mode is set, and others would fail on it.

    Args:
        path: in a folder that exists and may be written to.

    Raises:
        OSError: it cannot be made.
    """
    if os.path.lexists(path):
        return
    beside = _beside(path)
    handle = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(handle, mode)
        with contextlib.suppress(FileExistsError):
            name_once(beside, path)
    finally:
        os.close(handle)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside)


def name_once(beside: str | Path, path: str | Path) -> None:
    """Give a file its name if nothing has it; the file beside may be left, for the caller to remove.

    Without hard links, two who do this in the same moment may both succeed, and one file stays.

    Raises:
        FileExistsError: something has the name.
        OSError: it cannot be given.
    """
    try:
        os.link(beside, path)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.fspath(path)) from None
        os.rename(beside, path)


def add_folder(path: str | Path, mode: int) -> None:
    """Make a folder that has its mode from the first moment, or leave the one that is there.

    Raises:
        OSError: it cannot be made.
    """
    if os.path.isdir(path):
        return
    beside = _beside(path)
    os.mkdir(beside, 0o700)
    try:
        os.chmod(beside, mode)
        os.rename(beside, path)  # takes the place of an empty one that came in between, and of no other
    except OSError:
        os.rmdir(beside)
        if not os.path.isdir(path):
            raise


def _beside(path: str | Path) -> str:
    """Return a new hidden name in the folder of a file."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.{os.getpid()}.{os.urandom(4).hex()}")
