"""Where a drafted recipe is put, whole or not at all, and what lint says to it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence

from pybuild.authoring.record import Drafted
from pybuild.authoring.text import recipe_text
from pybuild.errors import UsageError
from pybuild.load.lint import lint_recipe
from pybuild.load.recipes import load_recipe


def folder_of(named: Sequence[str], here: str) -> str:
    """Return the folder of recipes that drafts go into: the first that was named, else ./recipes.

    Raises:
        UsageError: neither is there.
    """
    if named:
        return os.path.abspath(os.path.expanduser(named[0]))
    folder = os.path.join(here, "recipes")
    if not os.path.isdir(folder):
        raise UsageError(
            f"nobody said where the recipe goes, and there is no {folder}", hint="add --recipes DIR"
        )
    return folder


def check_free(folder: str, name: str) -> None:
    """Refuse to write over a recipe.

    Raises:
        UsageError: there is one.
    """
    path = os.path.join(folder, name)
    if os.path.lexists(path):
        raise UsageError(
            f"{path} is already there, and is not overwritten",
            hint=f"pybuild recipe checksum {name} --new adds new versions to a recipe",
        )


def put(drafted: Drafted, folder: str) -> tuple[str, tuple[str, ...]]:
    """Write a recipe and its scripts; return the path of recipe.yaml and what lint finds in it.

    Raises:
        UsageError: there is a recipe of this name already.
        DocumentError: the draft is no recipe; nothing is left behind.
    """
    check_free(folder, drafted.name)
    os.makedirs(folder, exist_ok=True)
    target = os.path.join(folder, drafted.name)
    with tempfile.TemporaryDirectory(prefix=".new.", dir=folder) as parent:
        made = os.path.join(parent, drafted.name)
        os.mkdir(made)
        files = [("recipe.yaml", recipe_text(drafted)), *drafted.scripts]
        for name, text in files:
            with open(os.path.join(made, name), "x", encoding="utf-8") as stream:
                stream.write(text)
        problems = lint_recipe(load_recipe(os.path.join(made, "recipe.yaml")))
        shutil.move(made, target)
    return os.path.join(target, "recipe.yaml"), tuple(row.replace(made, target) for row in problems)
