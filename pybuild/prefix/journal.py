"""The journal: what a transaction is about to do, on disk before it does anything.

While it stands, the prefix may be between two states; whoever takes the lock next finishes the
transaction from it. It says everything that is needed, so it does not matter who that is.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from pybuild.errors import PrefixError
from pybuild.files import replace_file
from pybuild.prefix import places
from pybuild.prefix.notes import Note, fault
from pybuild.structured import structured


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """One transaction.

    Attributes:
        command: the user's command line, for conda's history.
        add: (name, version, build, file, sha256) of each package to link.
        remove: (name, version, build) of each package to unlink, replaced ones included.
        notes: what to note about each package of ours that is added.
        specs: conda specs that the user asked for.
        dropped: names that leave the prefix for good.
        folders: where the files of the removed packages lay, below the prefix; conda's engine takes away the
            empty ones last, when the packages' records are gone.
        origins: (name, address) of each package of somebody else's channel, whose ``file`` is a copy of ours.
    """

    command: str
    add: tuple[tuple[str, str, str, str, str], ...] = ()
    remove: tuple[tuple[str, str, str], ...] = ()
    notes: tuple[Note, ...] = ()
    specs: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    origins: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read(Journal):
    """A journal of which the notes, which may hold anything, are not read."""

    notes: tuple[()] = ()


def write_journal(prefix: Path, journal: Journal) -> None:
    """Put the journal on disk.

    Raises:
        OSError: it cannot be written.
    """
    places.notes(prefix).mkdir(exist_ok=True)
    replace_file(places.journal(prefix), json.dumps(asdict(journal)), safe=True)


def read_journal(prefix: Path) -> Journal | None:
    """Return the journal of an unfinished transaction, None where there is none.

    Raises:
        PrefixError: it is none that can be carried out.
    """
    path = places.journal(prefix)
    try:
        return _journal(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise PrefixError(
            f"{path}: cannot be read as the journal of an interrupted run: {error}",
            hint=f"rm {path}, then pybuild list -p {prefix} shows what has to be installed again",
        ) from error


def _journal(data: Any) -> Journal:
    """Return a journal from what its file holds; half of one would leave the other half undone.

    Raises:
        ValueError: a key is missing or wrong.
    """
    known = {field.name for field in fields(Journal)}
    demanded = known - {"folders"}  # without it nothing is lost but empty folders are left
    if missing := sorted(demanded - (data.keys() if isinstance(data, dict) else set())):
        raise ValueError(f"{missing[0]} is missing")
    for number, note in enumerate(data["notes"]):
        if wrong := fault(note) if isinstance(note, dict) else "expected a note":
            raise ValueError(f"notes[{number}]: {wrong}")
    read = structured({**data, "notes": ()}, _Read)
    told = {key: getattr(read, key) for key in known}
    return Journal(**{**told, "notes": tuple(data["notes"])})


def drop_journal(prefix: Path) -> None:
    """Say that the transaction is complete."""
    places.journal(prefix).unlink(missing_ok=True)
