"""A mirror that is being filled: each file appears whole, and the index after it."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pybuild.errors import ChecksumError, FetchError
from pybuild.fetch.mirror import FORMAT, INDEX, Mirror, NoIndexError, open_mirror
from pybuild.files import add_folder, replace_file, sha256_of


def make_mirror(folder: Path) -> None:
    """Make the folder of a mirror where there is none yet.

    Raises:
        FetchError: it cannot be made, or it holds other things than a mirror.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = os.listdir(folder)
    except OSError as error:
        raise refused(folder, error) from None
    strange = sorted(name for name in {*there} - {"sources", "conda"} if not name.startswith("."))
    if strange and INDEX not in there:
        raise FetchError(
            f"{folder}: is no mirror, and not empty: it holds {strange[0]}",
            hint="name a folder of its own",
        )


class MirrorFolder:
    """A mirror that files are put into; what an earlier run put there and is still right is kept.

    Whoever makes one holds the folder's lock until it is filled: others may add files, and the index is
    written from what was read here. What is put there is as open as the folder, whatever the umask is.

    Raises:
        FetchError: its index is there and cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            earlier = open_mirror(str(folder)) or Mirror(folder=folder)
        except NoIndexError:  # files that are right are found by their names
            earlier = Mirror(folder=folder)
        self._files = dict(earlier.files)
        self._channels = dict(earlier.channels)

    def has(self, name: str, sha256: str, below: str) -> bool:
        """Return whether the file is there with the right bytes; it is hashed now.

        Raises:
            FetchError: it is there and cannot be read.
        """
        for place in dict.fromkeys((self._files.get(sha256), *_places(name, sha256, below))):
            path = self.folder / place if place else None
            try:
                if place and path is not None and path.is_file() and sha256_of(path) == sha256:
                    self._files[sha256] = place
                    return True
            except OSError as error:
                raise FetchError(f"{path}: cannot be read: {str(error.strerror).lower()}") from None
        return False

    def add(self, source: Path, name: str, sha256: str, below: str) -> None:
        """Copy a file in.

        Args:
            below: folder of the mirror: ``sources``, ``conda/<channel>/<subdir>``.

        Raises:
            ChecksumError: the bytes are not those of the hash; nothing is left behind.
            FetchError: the folder cannot be written.
        """
        taken = {place: known for known, place in self._files.items()}
        place = next(p for p in _places(name, sha256, below) if taken.get(p, sha256) == sha256)
        target = self.folder / place
        part = target.with_name(f".{name}.{os.getpid()}.part")
        try:
            self._make(target.parent)
            shutil.copyfile(source, part)
            part.chmod(target.parent.stat().st_mode & 0o666)
            found = sha256_of(part)
            if found != sha256:
                raise ChecksumError(f"{source}: sha256 found {found}, expected {sha256}")
            part.replace(target)
            self._files[sha256] = place
            self.write_index()
        except OSError as error:
            raise refused(target.parent, error) from None
        finally:
            part.unlink(missing_ok=True)

    def channel_for(self, address: str) -> str:
        """Return the folder below the mirror that stands in for a conda channel, named as people name it."""
        address = address.rstrip("/")
        if address not in self._channels:
            name = re.sub(r"[^\w.-]", "-", address.rsplit("/", 1)[-1]).strip(".") or "channel"
            others = set(self._channels.values())
            numbered = (f"conda/{name}" + (f"-{n}" if n else "") for n in range(len(others) + 1))
            self._channels[address] = next(place for place in numbered if place not in others)
        return self._channels[address]

    def write_index(self) -> None:
        """Write the index anew, whole or not at all.

        Raises:
            FetchError: the folder cannot be written.
        """
        rows: dict[str, Mapping[str, Any]] = {}
        try:
            for sha256, place in sorted(self._files.items(), key=lambda row: row[1]):
                path = self.folder / place
                if path.is_file():
                    rows[sha256] = {"file": place, "size": path.stat().st_size}
            data = {"format": FORMAT, "channels": self._channels, "files": rows}
            text = json.dumps(data, indent=1) + "\n"
            replace_file(self.folder / INDEX, text, mode=self.folder.stat().st_mode & 0o666)
        except OSError as error:
            raise refused(self.folder, error) from None

    def make_channels(self) -> tuple[Path, ...]:
        """Make the folders that every conda channel has, and return the channels.

        Raises:
            FetchError: the folder cannot be written.
        """
        folders = [self.folder / below for below in sorted(set(self._channels.values()))]
        for folder in folders:
            try:
                self._make(folder / "noarch")
            except OSError as error:
                raise refused(folder, error) from None
        return tuple(folders)

    def _make(self, folder: Path) -> None:
        """Make a folder and those above it, as open as the mirror."""
        if folder != self.folder:
            self._make(folder.parent)
            add_folder(folder, folder.parent.stat().st_mode & 0o2777)


def refused(place: Path, error: OSError) -> FetchError:
    """Return the error of a mirror that cannot be written."""
    return FetchError(
        f"{place}: the mirror cannot be written: {str(error.strerror or error).lower()}",
        hint="make room or choose another folder, then run the same again: it goes on where it stopped",
    )


def _places(name: str, sha256: str, below: str) -> tuple[str, str]:
    """Return where a file may lie: by its name, or below its hash where another file has the name."""
    return f"{below}/{name}", f"{below}/{sha256[:12]}/{name}"
