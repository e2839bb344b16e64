"""``repodata.json``, by which conda and its relatives see what a channel holds.

Written here row by row instead of by rattler's indexer: that one rewrites the file in place, so that a
reader may see half of it, and it needs a folder, where a channel may be on a web server.
The rows are those of conda-index: a package's own ``info/index.json`` with its size and hashes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pybuild.errors import ChannelError

Row = dict[str, Any]

FILE = "repodata.json"


def row_of(package: Path) -> Row:
    """Return the row of a ``.conda`` or ``.tar.bz2`` file.

    Raises:
        ChannelError: it is no conda package.
    """
    try:
        row = _inside(package)
        size, sha256, md5 = hashes(package)
    except OSError as error:
        raise ChannelError(f"{package}: cannot be read: {str(error.strerror or error).lower()}") from error
    except Exception as error:  # zip, zstd, tar and JSON each have exceptions of their own
        raise ChannelError(f"{package}: is no conda package: {error}") from error
    return {**row, "size": size, "sha256": sha256, "md5": md5}


def _inside(package: Path) -> Row:
    from conda_package_streaming.package_streaming import stream_conda_info

    for tar, member in stream_conda_info(str(package)):
        if member.name == "info/index.json" and (stream := tar.extractfile(member)) is not None:
            row: Row = json.loads(stream.read())
            return row
    raise ValueError("it has no info/index.json")


def hashes(package: Path) -> tuple[int, str, str]:
    """Return size, SHA-256 and MD5 of a file."""
    # conda still shows and compares MD5 where a channel gives it; nothing here trusts it.
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    with package.open("rb") as stream:
        while chunk := stream.read(2**20):
            sha256.update(chunk)
            md5.update(chunk)
            size += len(chunk)
    return size, sha256.hexdigest(), md5.hexdigest()


def read_rows(data: bytes | None) -> dict[str, Row]:
    """Return the rows of a repodata file by file name; none where it is missing or damaged."""
    try:
        parsed = json.loads(data or b"{}")
        rows = {**parsed.get("packages", {}), **parsed.get("packages.conda", {})}
    except (ValueError, TypeError, AttributeError):
        return {}
    return {str(file): row for file, row in rows.items() if isinstance(row, dict) and "sha256" in row}


def repodata(subdir: str, rows: Mapping[str, Row]) -> bytes:
    """Return the file's content for these rows."""
    kinds: dict[str, dict[str, Row]] = {"packages": {}, "packages.conda": {}}
    for file in sorted(rows):
        kinds["packages.conda" if file.endswith(".conda") else "packages"][file] = rows[file]
    data = {"info": {"subdir": subdir}, **kinds, "removed": [], "repodata_version": 1}
    return json.dumps(data, indent=1).encode() + b"\n"
