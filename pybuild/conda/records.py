"""What conda has noted about the packages of a prefix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pybuild.conda.words import engine_errors, reason_of
from pybuild.errors import PrefixError


def read_records(prefix: Path) -> dict[Path, Any]:
    """Return the engine's record of each package in a prefix, by the file that it stands in.

    Raises:
        PrefixError: one of the files cannot be read, and neither conda nor its engine can change the prefix.
    """
    import rattler

    found = {}
    for path in sorted((prefix / "conda-meta").glob("*.json")):
        try:
            found[path] = rattler.PrefixRecord.from_path(path)
        except engine_errors() as error:
            raise unreadable(path, reason_of(error)) from error
    return found


def unreadable(path: Path, reason: str) -> PrefixError:
    """Return the error about a record that cannot be read, with what puts its package back."""
    name, prefix = path.stem.rsplit("-", 2)[0], path.parent.parent
    return PrefixError(
        f"{path}: cannot be read as conda's record of a package: {reason}",
        hint=f"rm {path}, then conda install --force-reinstall -p {prefix} {name} puts the package back",
    )
