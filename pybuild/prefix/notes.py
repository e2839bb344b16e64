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


def read_note(prefix: str | Path, name: str) -> Note | None:
    """Return the note about ``name``, None where there is none (or none that can be read)."""
    try:
        with open(os.path.join(prefix, places.NOTES, f"{name}.json")) as file:
            data = json.load(file)
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None


def read_notes(prefix: str | Path) -> list[Note]:
    """Return every note, by name of the package."""
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
