"""Change a prefix: all of a transaction or, after a crash, all of it at the next run.

A new prefix is put together in a sibling folder and renamed into place: it is there whole or not at all.
An existing one is changed in place by conda's engine between writing a journal and removing it.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath

from pybuild.conda.records import read_records
from pybuild.conda.transaction import link
from pybuild.errors import PrefixError
from pybuild.prefix import places
from pybuild.prefix.base import undo
from pybuild.prefix.contents import clashes, is_package, remove_leftovers
from pybuild.prefix.history import add_history, set_pins
from pybuild.prefix.journal import Journal, drop_journal, read_journal, write_journal
from pybuild.prefix.notes import read_notes, write_note
from pybuild.prefix.scripts import write_scripts

_TRIES, _PAUSE, _QUIET = 100, 0.05, 6  # looks, seconds between them, looks that must find nothing


def create(prefix: Path, journal: Journal, *, cache: Path, copies: bool = False) -> None:
    """Make a new prefix that holds the journal's packages, in one rename.

    Args:
        copies: no file of the prefix may be a hard link into the cache.

    Raises:
        PrefixError, ChecksumError, OSError: nothing stands at ``prefix``.
    """
    newborn = places.newborn(prefix)
    shutil.rmtree(newborn, ignore_errors=True)  # of a run that was killed; we hold the lock
    try:
        _link(newborn, journal, cache, final=prefix, copies=copies)
        _settle(newborn, journal, final=prefix)
        os.rename(newborn, prefix)
    except BaseException:
        _discard(newborn)
        raise


def _discard(folder: Path) -> None:
    """Remove a folder until it stays away: threads of conda's engine may write on a moment after ctrl-c."""
    quiet = 0
    for _ in range(_TRIES):
        quiet = 0 if folder.exists() else quiet + 1
        if quiet == _QUIET:
            return
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(_PAUSE)


def change(prefix: Path, journal: Journal, *, cache: Path) -> None:
    """Change an existing prefix by the journal.

    Raises:
        ChecksumError: a package is not whole; nothing was changed.
        PrefixError: a file is in the way, a record of conda's or a note of ours cannot be read (nothing was
            changed), or the transaction failed midway: then the journal stays and the next run finishes it.
    """
    # What is read in between must not stop it after the journal is written.
    there = read_records(prefix)
    read_notes(prefix)
    _demand_no_clash(prefix, journal)
    going = [there[path] for row in journal.remove if (path := _record(prefix, *row)) in there]
    journal = replace(journal, folders=_folders(file for record in going for file in record.files))
    write_journal(prefix, journal)
    _finish(prefix, journal, cache)


def _folders(files: Iterable[str]) -> tuple[str, ...]:
    """Return the folders of some files below a prefix, the inner ones first."""
    inside = [path for path in map(PurePosixPath, files) if not path.is_absolute() and ".." not in path.parts]
    found = {str(parent) for path in inside for parent in path.parents} - {"."}
    return tuple(sorted(found, key=lambda folder: (-folder.count("/"), folder)))


def recover(prefix: Path, *, cache: Path) -> str | None:
    """Finish what an interrupted run left, and return its command; None where all is well.

    A prefix whose installer was interrupted cannot be finished: it goes, as if it had never been begun.

    Raises:
        PrefixError: what it needs is gone, or damaged.
    """
    begun = undo(prefix)
    if begun is not None:
        return begun
    journal = read_journal(prefix)
    if journal is None:
        return None
    half = [Path(row[3]) for row in journal.add if not _record(prefix, *row[:3]).exists()]
    faults = [f"{row[3]} is gone" for row in journal.add if not os.path.exists(row[3])]
    faults = faults or [f"{file} is no whole package" for file in half if not is_package(file)]
    if faults:
        raise PrefixError(
            f"{prefix}: an interrupted run ({journal.command}) cannot be finished, {faults[0]}",
            hint=f"build it again elsewhere, or remove {places.journal(prefix)} and reinstall its packages",
        )
    for file in half:
        remove_leftovers(prefix, file)
    _finish(prefix, journal, cache)
    return journal.command


def _finish(prefix: Path, journal: Journal, cache: Path) -> None:
    _link(prefix, journal, cache, final=None)
    for folder in journal.folders:
        with suppress(OSError):  # it is in use, or gone as it should be
            os.rmdir(prefix / folder)
    _settle(prefix, journal, final=prefix)
    drop_journal(prefix)


def _link(prefix: Path, journal: Journal, cache: Path, final: Path | None, *, copies: bool = False) -> None:
    """Link what is not there yet and unlink what is still there: the same call starts and finishes."""
    files = [
        (file, sha256)
        for name, version, build, file, sha256 in journal.add
        if not _record(prefix, name, version, build).exists()
    ]
    added = {row[:3] for row in journal.add}
    old = [path for row in journal.remove if row not in added and (path := _record(prefix, *row)).exists()]
    if files or old:
        origins = dict(journal.origins)
        channels = {row[3]: channel_of(origins[row[0]]) for row in journal.add if row[0] in origins}
        link(
            files, prefix, cache=cache / "packages", final=final, replaced=old, channels=channels,
            copies=copies,
        )  # fmt: skip


def _settle(prefix: Path, journal: Journal, *, final: Path) -> None:
    """Write notes, pins, history and scripts: what makes conda, us and every shell know."""
    for name in journal.dropped:
        places.note(prefix, name).unlink(missing_ok=True)
    for note in journal.notes:
        write_note(prefix, note)
    origins = dict(journal.origins)
    pins = [(str(n["name"]), str(n["version"]), str(n["build"])) for n in journal.notes if n["name"] != "pip"]
    set_pins(prefix, pin=pins, drop=journal.dropped)
    add_history(
        prefix,
        command=journal.command,
        added=[
            _dist(name, version, build, origins.get(name) or Path(file).as_uri())
            for name, version, build, file, _ in journal.add
        ],
        removed=[f"{name}-{version}-{build}" for name, version, build in journal.remove],
        update=journal.specs,
        remove=journal.dropped,
    )
    write_scripts(prefix, final=final)


def _demand_no_clash(prefix: Path, journal: Journal) -> None:
    going = [_record(prefix, *row) for row in journal.remove]
    for name, _, _, file, _ in journal.add:
        clash = clashes(prefix, Path(file), going)
        if clash:
            raise PrefixError(
                f"{prefix / clash[0]}: is in the way of {name} and belongs to no package that leaves "
                f"({len(clash)} such files)",
                hint=f"{prefix}/bin/python -m pip uninstall {name}, or conda remove what owns it",
            )


def _record(prefix: Path, name: str, version: str, build: str) -> Path:
    return places.meta(prefix) / f"{name}-{version}-{build}.json"


def channel_of(address: str) -> str:
    """Return the channel of a package: its address without the platform's folder and the file's name."""
    return address.rsplit("/", 2)[0]


def _dist(name: str, version: str, build: str, address: str) -> str:
    return f"{address.rsplit('/', 1)[0]}::{name}-{version}-{build}"
