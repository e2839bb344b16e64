"""Checks of one recipe or site beyond its schema; each check is one small generator in a registry."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from pybuild.load.document import Document, KeyPath, parse_document
from pybuild.model.recipe import Recipe
from pybuild.model.site import Site

Finding = tuple[KeyPath, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the warnings must know besides the site: today's date (ISO) and the names of all recipes."""

    today: str
    recipes: Collection[str]


RecipeCheck = Callable[[Recipe], Iterator[Finding]]
SiteCheck = Callable[[Site], Iterator[Finding]]
SiteWarning = Callable[[Site, Facts], Iterator[Finding]]


def lint_recipe(recipe: Recipe) -> tuple[str, ...]:
    """Return what is wrong with a recipe, as sentences ``file:line: key: message`` in line order."""
    from pybuild.load import lint_recipes

    found = [finding for check in lint_recipes.CHECKS for finding in check(recipe)]
    if not found:
        return ()  # nearly always, and then nobody asks for the lines
    path = os.path.join(recipe.directory, "recipe.yaml")
    return _told(parse_document(path, recipe.text), [found])


def lint_site(site: Site) -> tuple[str, ...]:
    """Return what is wrong with a site, as sentences ``file:line: key: message`` in line order."""
    from pybuild.load import lint_sites
    from pybuild.load.extend import taken_apart

    return _told(taken_apart(site.file, site.text), (check(site) for check in lint_sites.CHECKS))


def site_warnings(site: Site, *, today: str, recipes: Collection[str]) -> tuple[str, ...]:
    """Return what somebody should look at in a site that is not wrong, as :func:`lint_site` returns errors.

    Args:
        today: ISO date that ``review_after`` is held against.
        recipes: names of all recipes.
    """
    from pybuild.load import lint_site_warnings
    from pybuild.load.extend import taken_apart

    facts = Facts(today=today, recipes=recipes)
    found = (check(site, facts) for check in lint_site_warnings.WARNINGS)
    return _told(taken_apart(site.file, site.text), found, mark="warning: ")


def _told(document: Document, checks: Iterable[Iterable[Finding]], mark: str = "") -> tuple[str, ...]:
    """Return findings as sentences; ``document`` is read again, because records do not carry positions."""
    from pybuild.load.dotted import dotted

    found: dict[str, tuple[bool, tuple[int, int]]] = {}
    for check in checks:
        for key, sentence in check:
            told = document.problem(key, mark + (f"{dotted(key)}: {sentence}" if key else sentence))
            found.setdefault(told, (document.file_of(key) != document.path, document.position_of(key)))
    return tuple(sorted(found, key=found.__getitem__))
