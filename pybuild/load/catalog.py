"""What all recipes say in short, kept in a file so that asking again opens no recipe.

What is looked at each time: the list of each folder of recipes, and one ``stat`` of each ``recipe.yaml``.
The folder's own times would not do: they tell of recipes that came or went, not of one that was changed.
A recipe counts as unchanged while inode, size, modification time and change time are what they were;
the last cannot be set back, as ``cp -p``, ``rsync -t`` and ``touch`` do with the one before.
What was changed a moment ago is not remembered, because a second change might leave all four as they are.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pybuild.errors import DocumentError
from pybuild.load.folders import folders
from pybuild.remembered import Stamp, is_settled, read_store, stamp_of, write_store

Told = Callable[[int], None]


class Entry(NamedTuple):
    """What a recipe says in short; the versions are as written, newest first.

    Attributes:
        directory: the folder of recipes that it was found in.
        options: names of its options.
        virtuals: what it asks of the site when no option is chosen.
        provides: virtuals that it can supply.
        needs: names of the recipes that are installed with it.
        pure: whether wheels for any machine are all that its newest version has.
        problem: why the file cannot be read, ``""`` if it can; the rest is empty then.
    """

    name: str
    directory: str
    summary: str = ""
    versions: Sequence[str] = ()
    virtuals: Sequence[str] = ()
    options: Sequence[str] = ()
    provides: Sequence[str] = ()
    needs: Sequence[str] = ()
    system: str = "python"
    pure: bool = False
    unproven: bool = False
    problem: str = ""


# One text for each recipe, because JSON reads that fastest: its stamp and these parts.
# Only the last one may hold anything: it is the summary, or the problem where the mark says so.
Row = str
_PARTS = "versions|virtuals|options|provides|needs|system|pure|mark|text"
_CUTS = len(_PARTS.split("|"))
_BROKEN = "broken"
_UNPROVEN = "unproven"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Catalog:
    """The recipes of several directories in short; where two have the same name, the first directory wins.

    Args:
        directories: as for :class:`~pybuild.load.recipes.RecipeTree`.
        cache: pybuild's cache folder; one that cannot be written only costs time.
        reading: told how many recipes have to be opened, before they are.

    Raises:
        DocumentError: a directory cannot be listed.
    """

    def __init__(self, directories: Sequence[str], cache: str, reading: Told = lambda number: None) -> None:
        self._found: dict[str, tuple[str, Row]] = {}
        for directory in reversed(directories):
            rows = _rows(directory, cache, reading)
            self._found.update((name, (directory, row)) for name, row in rows.items())

    def __len__(self) -> int:
        """Return the number of recipes."""
        return len(self._found)

    def names(self) -> tuple[str, ...]:
        """Return the names of all recipes in alphabetical order."""
        return tuple(sorted(self._found))

    def get(self, name: str) -> Entry | None:
        """Return the recipe of exactly this name."""
        if name not in self._found:
            return None
        directory, row = self._found[name]
        _stamp, *lists, system, pure, mark, text = row.split("|", _CUTS)
        versions, virtuals, options, provides, needs = (
            tuple(part.split(",")) if part else () for part in lists
        )
        return Entry(
            name=name,
            directory=directory,
            summary="" if mark == _BROKEN else text,
            versions=versions,
            virtuals=virtuals,
            options=options,
            provides=provides,
            needs=needs,
            system=system,
            pure=bool(pure),
            unproven=mark == _UNPROVEN,
            problem=text if mark == _BROKEN else "",
        )

    def mentioning(self, word: str) -> Iterator[str]:
        """Yield the names of recipes with ``word``, in lower case, in their name or summary."""
        for name, (_directory, row) in self._found.items():
            if word in name or (word in row.lower() and word in row.split("|", _CUTS)[-1].lower()):
                yield name


def _rows(directory: str, cache: str, reading: Told) -> dict[str, Row]:
    """Return a row for each recipe of one directory; what has changed is read, the rest is remembered."""
    known: Mapping[str, Row] = read_store(cache, "recipes", directory, _PARTS)
    now = time.time_ns()
    rows: dict[str, Row] = {}
    stale: dict[str, Stamp] = {}
    for name in folders(directory):
        stamp = stamp_of(f"{directory}/{name}/recipe.yaml")
        if not stamp:
            continue  # a folder without a recipe is none; lint tells of it
        row = known.get(name)
        if row is not None and row.startswith(stamp + "|"):
            rows[name] = row
        else:
            stale[name] = stamp
    if stale:
        reading(len(stale))
    for name, stamp in stale.items():
        rows[name] = "|".join((stamp, *_described(os.path.join(directory, name, "recipe.yaml"))))
    kept = rows
    if stale:
        kept = {name: row for name, row in rows.items() if name not in stale or is_settled(stale[name], now)}
    if kept != known:
        write_store(cache, "recipes", directory, kept, _PARTS)
    return rows


def _described(path: str) -> tuple[str, ...]:
    """Return the parts of a row after its stamp.

    The schema is not asked, which would take as long again; what is not as it should be is left out.
    """
    from pybuild.load.document import load_document

    try:
        data = load_document(path).data
    except DocumentError as error:
        return (*[""] * (_CUTS - 2), _BROKEN, " ".join(error.problems[0].split()))
    summary = _mapping(data, "about").get("summary")
    return (
        _listed(_mapping(data, "versions")),
        _listed(_mapping(data, "requirements").get("virtual")),
        _listed(_mapping(data, "options")),
        _listed(_mapping(data, "provides")),
        _listed(_names(_mapping(data, "requirements").get("run"))),
        _listed([_mapping(data, "build").get("system", "python")]),
        "pure" if _only_pure_wheels(_mapping(data, "versions")) else "",
        _UNPROVEN if data.get("unproven") is True else "",
        " ".join(summary.split()) if isinstance(summary, str) else "",
    )


def _mapping(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def _only_pure_wheels(versions: Mapping[str, Any]) -> bool:
    newest = next(iter(versions.values()), None)
    wheels = newest.get("wheels") if isinstance(newest, dict) and "sha256" not in newest else None
    return isinstance(wheels, dict) and all(str(file).endswith("-none-any.whl") for file in wheels)


def _names(requirements: object) -> list[str]:
    """Return the names in requirements such as "numpy >=1.23"; which versions are wanted is the planner's."""
    texts = requirements if isinstance(requirements, list) else []
    found = (_NAME.match(text) for text in texts if isinstance(text, str))
    return [re.sub("[-_.]+", "-", match.group()).lower() for match in found if match]


def _listed(values: object) -> str:
    """Return names with commas between; what no name can hold would break the row."""
    if not isinstance(values, list | dict):
        return ""
    return ",".join(value for value in values if isinstance(value, str) and not set(value) & set(",| \n\t"))
