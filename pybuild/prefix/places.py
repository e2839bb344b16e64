"""Where pybuild keeps things inside a prefix; all below ``conda-meta``, which conda leaves alone."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # the no-op path imports neither typing nor pathlib: both are slow
    from pathlib import Path

META = "conda-meta"
NOTES = "conda-meta/pybuild"
JOURNAL = "conda-meta/pybuild/journal"


def meta(prefix: Path) -> Path:
    """Return the folder of conda's records."""
    return prefix / META


def notes(prefix: Path) -> Path:
    """Return the folder of our own notes: one ``<name>.json`` for each package that we built."""
    return prefix / NOTES


def note(prefix: Path, name: str) -> Path:
    """Return the file that says what pybuild knows about one installed package."""
    return notes(prefix) / f"{name}.json"


def journal(prefix: Path) -> Path:
    """Return the file that stands only while a transaction runs."""
    return prefix / JOURNAL


def release(prefix: Path) -> Path:
    """Return the record that makes a prefix a release of a stack, which is never changed in place."""
    return prefix / "etc/pybuild/release.json"


def lock(prefix: Path) -> Path:
    """Return the lock file: inside an existing prefix, beside one that is yet to be made or being made."""
    if meta(prefix).is_dir() and not unfinished(prefix).exists():
        return notes(prefix) / "lock"
    return prefix.parent / f".{prefix.name}.pybuild-lock"


def newborn(prefix: Path) -> Path:
    """Return the sibling folder in which a new prefix is put together."""
    return prefix.parent / f".{prefix.name}.pybuild-new"


def unfinished(prefix: Path) -> Path:
    """Return the file that stands only while an installer fills a new prefix at its final path."""
    return prefix.parent / f".{prefix.name}.pybuild-base"
