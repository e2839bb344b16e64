"""Which files a package has, and whether they are in anybody's way."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from pybuild.conda.records import unreadable
from pybuild.errors import ChecksumError


def package_paths(file: Path) -> tuple[str, ...]:
    """Return the paths that a ``.conda`` file installs, relative to the prefix.

    Raises:
        ChecksumError: it is no conda package, or not a whole one.
    """
    try:
        rows = _listed(file)
        return tuple(row["_path"] for row in rows)
    except Exception as error:  # zip, zstd, tar and JSON each have exceptions of their own
        raise ChecksumError(
            f"{file}: is not a whole conda package: {error}",
            hint="remove that file and run the same again: what is not there is fetched or built",
        ) from error


def is_package(file: Path) -> bool:
    """Return whether a ``.conda`` file can be read as far as its list of paths."""
    try:
        package_paths(file)
    except ChecksumError:
        return False
    return True


def _listed(file: Path) -> list[dict[str, str]]:
    from conda_package_streaming.package_streaming import stream_conda_info

    for archive, member in stream_conda_info(str(file)):
        if member.name == "info/paths.json" and (handle := archive.extractfile(member)) is not None:
            rows: list[dict[str, str]] = json.load(handle)["paths"]
            return rows
    raise KeyError("info/paths.json")


def record_paths(record: Path) -> frozenset[str]:
    """Return the paths that an installed package owns, from its conda record.

    Raises:
        PrefixError: the record cannot be read.
    """
    try:
        return frozenset(json.loads(record.read_text("utf-8")).get("files", ()))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise unreadable(record, str(error)) from error


def clashes(prefix: Path, file: Path, going: Iterable[Path]) -> tuple[str, ...]:
    """Return the package's paths that exist in the prefix and are not of a package that leaves it.

    Args:
        going: records of the packages that leave.

    Raises:
        ChecksumError: the package is not whole.
    """
    there = [path for path in package_paths(file) if os.path.lexists(prefix / path)]
    if not there:
        return ()
    leaving = frozenset().union(*(record_paths(record) for record in going if record.exists()))
    return tuple(path for path in there if path not in leaving)


def remove_leftovers(prefix: Path, file: Path) -> None:
    """Remove what an interrupted transaction already linked of a package that has no record yet.

    Raises:
        ChecksumError: the package is not whole; nothing was removed.
    """
    for path in package_paths(file):
        (prefix / path).unlink(missing_ok=True)
