"""Decides whether a member of an archive may be unpacked; nothing here touches the disk.

Why this is enough: no member may lie below a link (``tree.Tree`` sees to that), so that the folders
of a member are real folders. A link goes up a number of real folders, at most to the top, and then only down.
Going down, it may meet other links, but each of them stays inside for the same reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pybuild.errors import ArchiveError

#: folders below folders; more than any source has, fewer than make the standard library recurse too deep
DEEPEST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What no honest source archive exceeds.

    Attributes:
        size: bytes of all files together.
        members: number of files, folders and links.
        ratio: how many times larger than the archive its contents may be.
        harmless: bytes up to which no ratio is suspicious.
    """

    size: int = 8 * 2**30
    members: int = 200_000
    ratio: int = 300
    harmless: int = 256 * 2**20


class Allowance:
    """Counts what an archive unpacks to and refuses it when it becomes absurd."""

    def __init__(self, archive: Path, limits: Limits) -> None:
        self._archive = archive
        self._limits = limits
        self._most = min(limits.size, max(limits.harmless, limits.ratio * archive.stat().st_size))
        self._size = 0
        self._members = 0

    def member(self, name: str) -> None:
        """Count a member."""
        self._members += 1
        if self._members > self._limits.members:
            raise self._refusal(name, f"it has more than {self._limits.members} members")

    def data(self, name: str, count: int) -> None:
        """Count bytes of a member, before they are written."""
        self._size += count
        if self._size > self._most:
            raise self._refusal(name, f"its contents are larger than {self._most} bytes")

    def _refusal(self, name: str, why: str) -> ArchiveError:
        return ArchiveError(
            f"{self._archive} is not unpacked further than {name!r}: {why}, which no source archive needs",
            hint="look at the archive by hand before you trust it",
        )


def refuse(archive: Path, name: str, why: str) -> ArchiveError:
    """Return the error for a member that must not be unpacked."""
    return ArchiveError(
        f"{archive} is refused because of its member {name!r}: {why}",
        hint="an honest source archive has no such member: check where the file comes from",
    )


def parts_of(archive: Path, name: str) -> tuple[str, ...]:
    """Return the folders and the name of a member below the top.

    Raises:
        ArchiveError: the name is absolute, goes upwards, or is no name.
    """
    if name.startswith("/"):
        raise refuse(archive, name, "its name is absolute")
    if "\0" in name:
        raise refuse(archive, name, "its name has a zero byte")
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if ".." in parts:
        raise refuse(archive, name, "its name goes upwards")
    if len(parts) > DEEPEST:
        raise refuse(archive, name, f"it lies more than {DEEPEST} folders deep")
    return parts


def check_hardlink(archive: Path, name: str, target: str) -> tuple[str, ...]:
    """Return the folders and the name of the member that a hard link means.

    Raises:
        ArchiveError: it is not within the archive.
    """
    try:
        return parts_of(archive, target)
    except ArchiveError:
        raise refuse(archive, name, f"it is a link to {target!r}, which is outside") from None


def check_symlink(archive: Path, name: str, target: str) -> int:
    """Return how many of its own folders a symbolic link leaves.

    Raises:
        ArchiveError: it leads, or could lead, out of the archive.
    """
    if not target or "\0" in target:
        raise refuse(archive, name, "it is a link to nothing")
    if target.startswith("/"):
        raise refuse(archive, name, f"it is a link to the absolute path {target!r}")
    steps = [step for step in target.split("/") if step not in ("", ".")]
    ups = next((index for index, step in enumerate(steps) if step != ".."), len(steps))
    if ups > len(parts_of(archive, name)) - 1:
        raise refuse(archive, name, f"it is a link to {target!r}, which is outside")
    if ".." in steps[ups:]:
        raise refuse(archive, name, f"it is a link to {target!r}, which goes down and then up")
    return ups
