"""A folder that stands in for the package index, for addresses of recipes and for conda channels.

``<folder>/mirror.json`` names each file by its SHA-256; the files themselves lie in folders that a person
can read and a web server can serve: ``sources/`` by name, ``conda/<channel>/<subdir>/`` as conda has them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from pybuild.errors import ChecksumError, FetchError
from pybuild.files import sha256_of

INDEX = "mirror.json"
FORMAT = 1


class NoIndexError(FetchError):
    """A folder has no index of a mirror, or a damaged one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """What a mirror's index says; its bytes are checked when they are used.

    Attributes:
        folder: absolute path.
        files: path below the folder by SHA-256.
        channels: folder below it that is a conda channel, by the address of the channel it stands in for.
    """

    folder: Path
    files: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)

    def holds(self, sha256: str) -> bool:
        """Return whether the mirror has a file of this hash, as far as its index and its folders tell."""
        return sha256 in self.files and (self.folder / self.files[sha256]).is_file()

    def path(self, sha256: str) -> Path | None:
        """Return the path of the file with this hash, whose bytes were checked just now; None without one.

        Raises:
            ChecksumError: the file is there and is another.
            FetchError: it cannot be read.
        """
        if not self.holds(sha256):
            return None
        path = self.folder / self.files[sha256]
        try:
            found = sha256_of(path)
        except OSError as error:
            raise FetchError(f"{path}: cannot be read: {str(error.strerror).lower()}") from None
        if found != sha256:
            raise ChecksumError(
                f"{path}: sha256 found {found}, expected {sha256}",
                hint="run `pybuild mirror create` into the folder again: it replaces what is damaged",
            )
        return path

    def channel(self, address: str) -> str | None:
        """Return the address of the folder that stands in for a conda channel, None where there is none."""
        below = self.channels.get(address.rstrip("/"))
        return (self.folder / below).as_uri() if below and (self.folder / below).is_dir() else None


def open_mirror(folder: str | None) -> Mirror | None:
    """Return a mirror by its folder, None where none is named.

    Raises:
        NoIndexError: there is no mirror, or its index is damaged.
        FetchError: its index cannot be read.
    """
    if folder is None:
        return None
    index = Path(folder, INDEX)
    try:
        data = json.loads(index.read_bytes())
        return _checked(Path(folder), data)
    except FileNotFoundError:
        raise NoIndexError(
            f"{folder}: is no mirror (it has no {INDEX})", hint=f"pybuild mirror create SPEC --to {folder}"
        ) from None
    except OSError as error:
        raise FetchError(f"{index}: cannot be read: {str(error.strerror).lower()}") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise NoIndexError(
            f"{index}: is damaged: {error}",
            hint=f"run `pybuild mirror create` into {folder} again; files that are right are kept",
        ) from None


def _checked(folder: Path, data: Any) -> Mirror:
    if data["format"] != FORMAT:
        raise ValueError(f"format: found {data['format']!r}, expected {FORMAT}")
    files = {str(sha256): _below(row["file"]) for sha256, row in data["files"].items()}
    channels = {str(url).rstrip("/"): _below(below) for url, below in data["channels"].items()}
    return Mirror(folder=folder, files=files, channels=channels)


def _below(path: Any) -> str:
    """Return a path of the index; one that leads out of the mirror is damage."""
    parts = PurePosixPath(str(path))
    if parts.is_absolute() or ".." in parts.parts:
        raise ValueError(f"{path!r} leads out of the mirror")
    return str(parts)
