"""What lint finds in every recipe, remembered until something in the recipe's folder changes.

Checks look at the recipe and at the files beside it. So each time every recipe's folder is listed and each
file in it is looked at, and none is opened. See ``catalog.py`` for what counts as unchanged.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence

from pybuild.errors import DocumentError
from pybuild.load.folders import folders
from pybuild.remembered import is_settled, read_store, stamp_of, write_store


def lint_everything(directories: Sequence[str], cache: str) -> dict[str, tuple[str, ...]]:
    """Return what is wrong with each recipe, by its name; nothing for one that is right.

    Of recipes with the same name only the first directory's counts, as everywhere.

    Args:
        cache: pybuild's cache folder; one that cannot be written only costs time.

    Raises:
        DocumentError: a directory cannot be listed.
    """
    found: dict[str, tuple[str, ...]] = {}
    for directory in directories:
        for name, problems in _linted(directory, cache, hidden=found).items():
            found[name] = problems
    return found


def _linted(directory: str, cache: str, hidden: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    maker = _maker()
    known = read_store(cache, "lint", directory, maker)
    now = time.time_ns()
    rows: dict[str, str] = {}
    young: set[str] = set()
    for name in folders(directory):
        if name in hidden:
            continue
        try:
            stamps = _stamps(os.path.join(directory, name))
        except OSError as error:
            young.add(name)
            rows[name] = f"|{json.dumps([_unlisted(os.path.join(directory, name), error)])}"
            continue
        state = ";".join(f"{file} {stamp}" for file, stamp in stamps)
        row = known.get(name, "")
        if not row.startswith(state + "|"):
            row = f"{state}|{json.dumps(_lint(os.path.join(directory, name)))}"
        if not all(is_settled(stamp, now) for _file, stamp in stamps):
            young.add(name)
        rows[name] = row
    # What another first directory hides today is remembered for the day when it does not.
    kept = {name: row for name, row in rows.items() if name not in young}
    kept |= {name: row for name, row in known.items() if name in hidden}
    if kept != known:
        write_store(cache, "lint", directory, kept, maker)
    return {name: tuple(json.loads(row.partition("|")[2])) for name, row in rows.items()}


def _stamps(folder: str) -> list[tuple[str, str]]:
    """Return each file of a folder and its stamp; "|" is what ends them in a row."""
    names = sorted(name for name in os.listdir(folder) if name != "__pycache__")
    return [(name.replace("|", "/"), stamp_of(os.path.join(folder, name)) or "0 0 0 0") for name in names]


def _unlisted(folder: str, error: OSError) -> str:
    return f"{folder}:1: cannot be listed: {(error.strerror or str(error)).lower()}"


def _lint(folder: str) -> tuple[str, ...]:
    from pybuild.load.lint import lint_recipe
    from pybuild.load.recipes import load_recipe

    path = os.path.join(folder, "recipe.yaml")
    if not os.path.exists(path):
        return (f"{folder}:1: there is no recipe.yaml in this folder",)
    try:
        return lint_recipe(load_recipe(path))
    except DocumentError as error:
        return error.problems


def _maker() -> str:
    """Return what changes when the checks, the schemas or the list of licences do."""
    import packaging

    here = os.path.dirname(os.path.abspath(__file__))
    parts = [packaging.__version__]
    for folder in (here, os.path.join(here, "schemas"), os.path.join(os.path.dirname(here), "model")):
        names = sorted(name for name in os.listdir(folder) if name.endswith((".py", ".json")))
        parts += [f"{name} {stamp_of(os.path.join(folder, name))}" for name in names]
    return ";".join(parts)
