"""What conda and pybuild wrote down about a prefix: whole, readable, and still true."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from pybuild.checkup.state import Prefix, readable_notes
from pybuild.errors import PrefixError
from pybuild.locks import owner_of
from pybuild.model.finding import Finding
from pybuild.prefix import places
from pybuild.prefix.installed import share
from pybuild.prefix.journal import Journal, read_journal
from pybuild.prefix.notes import read_note


def interrupted(path: Path) -> Iterator[Finding]:
    """Yield what a run that did not end has left, or that one is at work now."""
    quoted = shlex.quote(str(path))
    owner = owner_of(places.lock(path))
    if owner is not None:
        yield Finding(
            check="interrupted", level="note", what=f"{path} is being changed now, by {owner}",
            why="what is found meanwhile may be between two states", cure=f"pybuild doctor -p {quoted}",
        )  # fmt: skip
    elif places.unfinished(path).exists():
        yield Finding(
            check="interrupted", level="wrong", what=f"the installer that was to fill {path} was interrupted",
            why="an installer cannot go on where it stopped; whoever comes next begins anew",
            cure=f"pybuild env create -p {quoted}",
        )  # fmt: skip
    elif places.journal(path).exists():
        yield _unfinished(path)


def _unfinished(path: Path) -> Finding:
    file = places.journal(path)
    try:
        journal: Journal | None = read_journal(path)
    except PrefixError:
        journal = None
    if journal is None:
        what = f"{file}: an interrupted run left it, and it cannot be read"
        cure = f"rm {shlex.quote(str(file))}, then pybuild doctor -p {shlex.quote(str(path))}"
    else:
        what = f"a run was interrupted while it changed {path}: {journal.command}"
        missing = [row[3] for row in journal.add if not os.path.exists(row[3])]
        names = " ".join(str(note["name"]) for note in journal.notes)
        cure = f"pybuild verify -p {shlex.quote(str(path))}"
        if missing:
            what += f"; it cannot be finished, {missing[0]} is gone"
            cure = (
                f"rm {shlex.quote(str(file))}, then pybuild install {names} --rebuild "
                f"-p {shlex.quote(str(path))}"
            )
    why = "packages may be missing until the next command that locks the prefix finishes what was begun"
    return Finding(check="interrupted", level="wrong", what=what, why=why, cure=cure)


def unreadable(prefix: Path) -> Iterator[Finding]:
    """Yield each record that is damaged: conda's, our notes, and what our packages say of themselves."""
    for file in sorted(places.meta(prefix).glob("*.json")):
        if not _is_object(file):
            yield _damaged(
                file,
                "neither conda nor pybuild can change the prefix with it: make another one",
                _anew(prefix),
            )
    for file in sorted(places.notes(prefix).glob("*.json")):
        name = file.stem
        again = f"pybuild install {name} -p {shlex.quote(str(prefix))}"
        why = f"pybuild does not know any more that it installed {name}"
        try:
            if read_note(prefix, name) is None:
                yield _damaged(file, why, again)
        except PrefixError as error:  # whoever reads the others stops at it
            yield Finding(
                check="unreadable", level="wrong", what=error.message, why=why,
                cure=f"rm {shlex.quote(str(file))}, then {again}",
            )  # fmt: skip


def without_plan(prefix: Prefix) -> Iterator[Finding]:
    """Yield each package of ours that does not say any more how it runs and is verified."""
    for note in prefix.ours:
        name = str(note["name"])
        if name not in prefix.plans:
            yield _damaged(
                share(prefix.path, name) / "record.json",
                f"without it {name} can be neither verified nor activated",
                prefix.install(f"{name}=={note['version']} --rebuild"),
            )


def _is_object(file: Path) -> bool:
    try:
        return isinstance(json.loads(file.read_bytes()), dict)
    except (OSError, ValueError):
        return False


def _damaged(file: Path, why: str, cure: str) -> Finding:
    what = f"{file} cannot be read, expected a JSON object"
    return Finding(check="unreadable", level="wrong", what=what, why=why, cure=cure)


def _anew(prefix: Path) -> str:
    names = " ".join(str(note["name"]) for note in readable_notes(prefix) if note.get("requested"))
    return f"pybuild install {names or 'SPEC'} -p {shlex.quote(f'{prefix}-new')}"


def gone(prefix: Prefix) -> Iterator[Finding]:
    """Yield each package of ours that conda removed or replaced."""
    ours = {str(note["name"]) for note in prefix.ours}
    for note in prefix.notes:
        name = str(note["name"])
        if name in ours:
            continue
        was = f"{name} {note['version']} {note['build']}"
        now = [f"{version} {build}" for other, version, build in prefix.records if other == name]
        back, path = prefix.install(f"{name}=={note['version']}"), shlex.quote(str(prefix.path))
        how = f"conda replaced it by {name} {now[0]}" if now else "conda removed it"
        yield Finding(
            check="gone", level="wrong", what=f"{was} is gone: {how}",
            why="what stands there now was not built for this site" if now else
            "other packages may need it, and pybuild list still knows it",
            cure=f"{back} brings it back; pybuild uninstall {name} -p {path} forgets it",
        )  # fmt: skip


def unpinned(prefix: Prefix) -> Iterator[Finding]:
    """Yield each package of ours that no line of conda-meta/pinned keeps as it is."""
    file = places.meta(prefix.path) / "pinned"
    try:
        lines = [line.split() for line in file.read_text("utf-8", "replace").splitlines()]
    except OSError:
        lines = []
    for note in prefix.ours:
        name, line = str(note["name"]), f"{note['name']} {note['version']} {note['build']}"
        others = [" ".join(words) for words in lines if words[:1] == [name]]
        if name == "pip" or line in others:
            continue
        yield Finding(
            check="unpinned", level="note" if others else "wrong",
            what=f"{file} says {others[0]!r} of {name}, not its build" if others else
            f"{file} has no line for {name}",
            why="the next conda update may replace it by a build that does not know this site's libraries",
            cure=f"echo {shlex.quote(line)} >> {shlex.quote(str(file))}",
        )  # fmt: skip
