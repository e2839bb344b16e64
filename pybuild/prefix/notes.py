"""What pybuild notes about each package that it installed: who asked, the key, how far it is proven.

These files are all that a repeated install and ``pybuild list`` read, so this module imports
nothing that is slow to load.
"""

from __future__ import annotations

import json
import os

from pybuild.prefix import places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

Note = dict[str, object]

LEVELS = ("built", "linked", "imported", "ranked")
_TEXTS = ("name", "version", "build", "key", "site")
_LEVELS = ("level", "highest", "demanded")


def read_note(prefix: str | Path, name: str) -> Note | None:
    """Return the note about ``name``, None where there is none (or none that can be read).

    Raises:
        PrefixError: it does not hold what a note must; keys that only a newer pybuild knows do no harm.
    """
    path = os.path.join(prefix, places.NOTES, f"{name}.json")
    try:
        with open(path) as file:
            data = json.load(file)
    except (OSError, ValueError):
        return None
    if not isinstance(data, dict):
        return None
    if wrong := fault(data):
        from pybuild.errors import PrefixError

        raise PrefixError(
            f"{path}: {wrong}", hint=f"rm {path}, then pybuild install {name} -p {prefix} writes it again"
        )
    return data


def fault(note: Note) -> str:
    """Return which key of a note is missing or wrong, with what was expected; ``""`` where it is a note."""
    expected = {
        **dict.fromkeys(_TEXTS, (_is_text, "text")),
        **dict.fromkeys(_LEVELS, (LEVELS.__contains__, f"one of {', '.join(LEVELS)}")),
        "options": (_are_texts, "a list of names"),
        "identity": (_are_pairs, "a list of pairs"),
        "proofs": (_are_proofs, "a list of proofs"),
    }
    for key, (holds, what) in expected.items():
        if key not in note:
            return f"{key} is missing, expected {what}"
        if not holds(note[key]):
            return f"{key}: found {json.dumps(note[key])[:40]}, expected {what}"
    if not _are_texts(note.get("depends", [])):
        return "depends: expected a list of requirements"
    job = note.get("job")
    if job is not None and not (isinstance(job, dict) and {"state", "folder"} <= job.keys()):
        return "job: expected a mapping with state and folder"
    return ""


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and one for one in value)


def _are_pairs(value: object) -> bool:
    """Return whether it is a list of pairs of texts; a compiler that nobody provides has no identity."""
    return isinstance(value, list) and all(
        isinstance(one, list) and len(one) == 2 and all(map(_is_text, one)) for one in value
    )


def _are_proofs(value: object) -> bool:
    keys = {"level", "when", "where", "seen"}
    return isinstance(value, list) and all(isinstance(one, dict) and keys <= one.keys() for one in value)


def read_notes(prefix: str | Path) -> list[Note]:
    """Return every note, by name of the package.

    Raises:
        PrefixError: one of them does not hold what a note must.
    """
    try:
        names = sorted(os.listdir(os.path.join(prefix, places.NOTES)))
    except OSError:
        return []
    found = (read_note(prefix, name[:-5]) for name in names if name.endswith(".json"))
    return [note for note in found if note is not None]


def write_note(prefix: Path, note: Note) -> None:
    """Write a note whole: beside its place, then renamed.

    Raises:
        OSError: it cannot be written.
    """
    from pybuild.files import replace_file

    path = places.note(prefix, str(note["name"]))
    path.parent.mkdir(exist_ok=True)
    replace_file(path, json.dumps(note, indent=1) + "\n", safe=True)


def is_installed(prefix: str | Path, note: Note) -> bool:
    """Return whether conda still has exactly the package that the note is about: one stat."""
    stem = f"{note['name']}-{note['version']}-{note['build']}"
    return os.path.exists(os.path.join(prefix, places.META, f"{stem}.json"))
