"""Who in a prefix needs what is about to leave it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple, cast

from pybuild.conda.records import read_records
from pybuild.errors import PrefixError
from pybuild.prefix.notes import Note, is_installed, read_notes


class Need(NamedTuple):
    """One package that needs another."""

    name: str
    needed: str
    reason: str
    ours: bool


def demand_unneeded(prefix: Path, names: Collection[str]) -> None:
    """Check that no package that stays needs one that leaves; packages needed by nobody may go.

    What conda itself installed counts as well. What is no longer there may go in any case.

    Raises:
        PrefixError: one does; the hint names everything that would have to go along.
    """
    notes = [note for note in read_notes(prefix) if is_installed(prefix, note)]
    there = {str(note["name"]) for note in notes}
    leaving = [name for name in names if name in there]
    if not leaving:
        return
    needs = [*(need for note in notes for need in _needs(note)), *_foreign_needs(prefix, there)]
    found: list[Need] = []
    while more := [need for need in needs if need.needed in leaving and need.name not in leaving]:
        found += more
        leaving += dict.fromkeys(need.name for need in more)
    if found:
        raise PrefixError(found[0].reason, hint=_hint(prefix, names, found))


def _needs(note: Note) -> Iterator[Need]:
    name = str(note["name"])
    for virtual, identity in cast("list[list[str]]", note["identity"]):
        owner = identity.split(" ")[0]
        yield Need(name, owner, f"{owner} is the {virtual} that {name} was built against", True)
    for text in cast("list[str]", note.get("depends", [])):
        yield Need(name, text.split()[0], f"{name} is installed and needs {text}", True)


def _foreign_needs(prefix: Path, ours: Collection[str]) -> Iterator[Need]:
    for record in read_records(prefix).values():
        name = record.name.normalized
        for text in record.depends if name not in ours else ():
            reason = f"{name}, which pybuild did not install, needs {text}"
            yield Need(name, text.split()[0], reason, False)


def _hint(prefix: Path, names: Collection[str], found: Collection[Need]) -> str:
    foreign = dict.fromkeys(need.name for need in found if not need.ours)
    along = dict.fromkeys(need.name for need in found if need.ours)
    command = f"pybuild uninstall {' '.join((*names, *along))} -p {prefix}"
    return f"conda remove -p {prefix} {' '.join(foreign)}, then {command}" if foreign else command
