"""Writes a file that is being downloaded, and hashes it on the way."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import IO

from pybuild.fetch.progress import Progress


class Writer:
    """A part file, empty at first, with the running hash of what is in it."""

    def __init__(self, stream: IO[bytes], name: str, progress: Progress) -> None:
        self._stream = stream
        self._name = name
        self._progress = progress
        self._digest = hashlib.sha256()
        self.size = 0

    def adopt(self, source: Path) -> None:
        """Take over the bytes of an earlier run."""
        with source.open("rb") as stream:
            while chunk := stream.read(2**20):
                self._add(chunk)

    def begin(self, total: int | None) -> None:
        """Tell how much is expected, and how much of it is already here."""
        self._progress.started(self._name, total)
        if self.size:
            self._progress.advanced(self.size)

    def restart(self) -> None:
        """Forget what is here."""
        self._stream.seek(0)
        self._stream.truncate()
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """Add bytes that have just come."""
        self._add(chunk)
        self._progress.advanced(len(chunk))

    def close(self) -> str:
        """Bring everything to the disk and return the hash of it."""
        self._stream.flush()
        os.fsync(self._stream.fileno())
        return self._digest.hexdigest()

    def _add(self, chunk: bytes) -> None:
        self._stream.write(chunk)
        self._digest.update(chunk)
        self.size += len(chunk)
