"""The journal: what a transaction is about to do, on disk before it does anything.

While it stands, the prefix may be between two states; whoever takes the lock next finishes the
transaction from it. It says everything that is needed, so it does not matter who that is.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pybuild.files import replace_file
from pybuild.prefix import places
from pybuild.prefix.notes import Note


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
        origins: (name, address) of each package of somebody else's channel, whose ``file`` is a copy of ours.
    """

    command: str
    add: tuple[tuple[str, str, str, str, str], ...] = ()
    remove: tuple[tuple[str, str, str], ...] = ()
    notes: tuple[Note, ...] = ()
    specs: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    origins: tuple[tuple[str, str], ...] = ()


def write_journal(prefix: Path, journal: Journal) -> None:
    """Put the journal on disk.

    Raises:
        OSError: it cannot be written.
    """
    places.notes(prefix).mkdir(exist_ok=True)
    replace_file(places.journal(prefix), json.dumps(asdict(journal)), safe=True)


def read_journal(prefix: Path) -> Journal | None:
    """Return the journal of an unfinished transaction, None where there is none."""
    try:
        data = json.loads(places.journal(prefix).read_text())
    except FileNotFoundError:
        return None
    return Journal(
        command=data["command"],
        add=tuple(tuple(row) for row in data["add"]),
        remove=tuple(tuple(row) for row in data["remove"]),
        notes=tuple(data["notes"]),
        specs=tuple(data["specs"]),
        dropped=tuple(data["dropped"]),
        origins=tuple((name, address) for name, address in data["origins"]),
    )


def drop_journal(prefix: Path) -> None:
    """Say that the transaction is complete."""
    places.journal(prefix).unlink(missing_ok=True)
