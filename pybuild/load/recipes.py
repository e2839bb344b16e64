"""Directories of recipes, read one recipe at a time."""

from __future__ import annotations

import os
from collections.abc import Sequence

from pybuild.errors import DocumentError, PlanError
from pybuild.load.document import Document, load_document
from pybuild.load.dotted import dotted
from pybuild.load.folders import folders
from pybuild.load.recipe_record import recipe_of
from pybuild.load.schema import validate
from pybuild.model.recipe import Recipe


class RecipeTree:
    """Recipes of several directories; where two have the same name, the first directory wins.

    Args:
        directories: each holds folders ``<name>/recipe.yaml``; those that do not exist are passed over.
    """

    def __init__(self, directories: Sequence[str | os.PathLike[str]]) -> None:
        self.directories = tuple(os.fspath(directory) for directory in directories)
        self._loaded: dict[str, Recipe] = {}
        self._names: tuple[str, ...] | None = None

    def get(self, name: str) -> Recipe:
        """Return one recipe; only its file is read, and only once.

        Args:
            name: in any spelling that the package index takes for the same name.

        Raises:
            PlanError: there is no such recipe; names the nearest ones.
            DocumentError: the recipe is wrong.
        """
        from packaging.utils import canonicalize_name

        key = canonicalize_name(name)
        if key not in self._loaded:
            self._loaded[key] = load_recipe(self._file(key, name))
        return self._loaded[key]

    def demand(self, name: str) -> None:
        """Check that there is a recipe of a name, in any spelling, without opening it.

        Raises:
            PlanError: there is none; names the nearest ones.
        """
        from packaging.utils import canonicalize_name

        self._file(canonicalize_name(name), name)

    def names(self) -> tuple[str, ...]:
        """Return the names of all recipes in alphabetical order; no file is opened."""
        if self._names is None:
            found: set[str] = set()
            for directory in self.directories:
                found.update(folders(directory))
            self._names = tuple(sorted(found))
        return self._names

    def _file(self, key: str, asked: str) -> str:
        for directory in self.directories:
            path = os.path.join(directory, key, "recipe.yaml")
            if os.path.exists(path):
                return path
        from pybuild.load.near import near_names

        near = near_names(key, (name for name in self.names() if name != key))
        if near:
            hint = f"did you mean {' or '.join(near)}?"
        else:
            hint = "pybuild recipe list shows what there is; docs/recipes.md says how to write one"
        where = ", ".join(self.directories) or "no directory"
        raise PlanError(f"there is no recipe for {asked!r} in {where}", hint=hint)


def load_recipe(path: str) -> Recipe:
    """Return the recipe that a file holds.

    Raises:
        DocumentError: broken YAML, against the schema, with a requirement or a version specifier that is
            none, or in a folder of another name.
    """
    from pybuild.load.readable import recipe_faults

    document = load_document(path)
    validate(document, "recipe")
    recipe = recipe_of(document)
    problems = tuple(document.problem(key, f"{dotted(key)}: {text}") for key, text in recipe_faults(recipe))
    if problems:
        raise DocumentError(problems)
    folder = os.path.basename(recipe.directory)
    if recipe.name != folder:
        raise DocumentError((_misplaced(document, recipe.name, folder),))
    return recipe


def _misplaced(document: Document, name: str, folder: str) -> str:
    sentence = f'name: found "{name}" in the folder "{folder}"; the two must be equal'
    return document.problem(("name",), sentence)
