"""Where a channel is kept, as far as copying between channels needs to know: a folder, or a web server."""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from pybuild.channel import keys
from pybuild.channel.folder import demand_writable, unwritable
from pybuild.channel.modes import like_folder, write_whole
from pybuild.errors import ChannelError
from pybuild.files import name_once
from pybuild.locks import held

Edit = Callable[[bytes | None], bytes]


class Store(Protocol):
    """Reads and writes the files of a channel; paths are relative to the channel.

    Every method may raise ``ChannelError``, naming the channel and why.
    """

    @property
    def name(self) -> str:
        """Path or address, fit to be shown."""

    def begin(self, subdir: str) -> None:
        """Make ready for writing."""

    def read(self, path: str) -> bytes | None:
        """Return a small file, None where there is none."""

    def has(self, path: str) -> bool:
        """Return whether a file that the index names is there."""

    def get(self, path: str, target: Path) -> None:
        """Copy a file to this machine."""

    def put(self, path: str, source: Path) -> None:
        """Copy a file there, so that nobody takes a half of it for a whole; a folder's files stay."""

    def edit(self, path: str, change: Edit) -> None:
        """Replace a small file by what a function makes of it, whoever else does the same now."""


class FolderStore:
    """A channel in a directory.

    Its methods raise ``ChannelError`` where a file cannot be read or written, naming it and why.
    """

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    @property
    def name(self) -> str:
        """Its path."""
        return str(self.path)

    def begin(self, subdir: str) -> None:
        """Make the folders."""
        demand_writable(str(self.path), subdir)

    def read(self, path: str) -> bytes | None:
        """Return a small file, None where there is none."""
        try:
            return (self.path / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise ChannelError(f"{self.path / path}: cannot be read: {error.strerror}") from error

    def has(self, path: str) -> bool:
        """Return whether a file is there."""
        return (self.path / path).is_file()

    def get(self, path: str, target: Path) -> None:
        """Copy a file out."""
        try:
            shutil.copyfile(self.path / path, target)
        except OSError as error:
            where = error.filename or self.path / path
            raise ChannelError(f"{where}: cannot be copied: {error.strerror}") from error

    def put(self, path: str, source: Path) -> None:
        """Copy a file in, under another name until it is whole and on the disk; one that is there stays."""
        target = self.path / path
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            with source.open("rb") as reading, part.open("wb") as writing:
                shutil.copyfileobj(reading, writing, 2**20)
                writing.flush()
                os.fsync(writing.fileno())
            like_folder(part, target.parent)
            name_once(part, target)
        except FileExistsError as error:
            if not filecmp.cmp(source, target, shallow=False):
                raise ChannelError(
                    f"{target}: is there already, and is another",
                    hint=f"if no index names it, remove it: pybuild channel verify {self.name}",
                ) from error
        except OSError as error:
            raise unwritable(self.name, error.strerror or str(error)) from error
        finally:
            part.unlink(missing_ok=True)

    def edit(self, path: str, change: Edit) -> None:
        """Replace a small file, under the lock that builders take for it as well."""
        target = self.path / path
        ours = target.parent.name == keys.FOLDER  # the index and what is signed of it change under one lock
        lock = target.with_name(f"{keys.FILE}.lock") if ours else self.path / ".index-lock"
        try:
            with held(lock):
                write_whole(target, change(self.read(path)))
        except OSError as error:
            raise unwritable(self.name, error.strerror or str(error)) from error
