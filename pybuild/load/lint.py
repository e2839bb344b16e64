"""Checks of one recipe or site beyond its schema; each check is one small generator in a registry."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from pybuild.load.document import KeyPath, parse_document
from pybuild.model.recipe import Recipe
from pybuild.model.site import Site

Finding = tuple[KeyPath, str]


def lint_recipe(recipe: Recipe) -> tuple[str, ...]:
    """Return what is wrong with a recipe, as sentences ``file:line: key: message`` in line order."""
    from pybuild.load import lint_recipes

    path = os.path.join(recipe.directory, "recipe.yaml")
    return _told(path, recipe.text, (check(recipe) for check in lint_recipes.CHECKS))


def lint_site(site: Site) -> tuple[str, ...]:
    """Return what is wrong with a site, as sentences ``file:line: key: message`` in line order."""
    from pybuild.load import lint_sites

    return _told(site.file, site.text, (check(site) for check in lint_sites.CHECKS))


def _told(path: str, text: str, checks: Iterator[Iterator[Finding]]) -> tuple[str, ...]:
    from pybuild.load.dotted import dotted

    document = parse_document(path, text)  # again, because records do not carry positions
    found: dict[str, tuple[int, int]] = {}
    for check in checks:
        for key, sentence in check:
            told = document.problem(key, f"{dotted(key)}: {sentence}" if key else sentence)
            found.setdefault(told, document.position_of(key))
    return tuple(sorted(found, key=found.__getitem__))


RecipeCheck = Callable[[Recipe], Iterator[Finding]]
SiteCheck = Callable[[Site], Iterator[Finding]]
