"""The requirements and version specifiers of a recipe or a site, read before anything relies on them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from pybuild.load.document import KeyPath
from pybuild.model.recipe import Condition, Recipe
from pybuild.model.site import Site

Faults = Iterator[tuple[KeyPath, str]]


def recipe_faults(recipe: Recipe) -> Faults:
    """Yield the key of each requirement or specifier of a recipe that is none, and what was expected."""
    for path, text in requirements(recipe):
        if requirement_of(text) is None:
            yield path, not_a_requirement(text)
    for release in recipe.releases:
        yield from _specifier(("versions", release.version, "python"), release.python)
    for option in recipe.options:
        yield from _specifier(("options", option.name, "versions"), option.versions)
    for when, condition in conditions(recipe):
        yield from _specifier((*when, "version"), condition.version)
        yield from _specifier((*when, "python"), condition.python)


def site_faults(site: Site) -> Faults:
    """Yield the key of each specifier of a site that is none, and what was expected."""
    for index, rule in enumerate(site.rules):
        yield from _specifier(("rules", index, "when", "python"), rule.when.python)


def requirements(recipe: Recipe) -> Iterator[tuple[KeyPath, str]]:
    """Yield every requirement of a recipe that names a package and versions, and its place."""
    own = recipe.requirements
    kinds: list[tuple[KeyPath, tuple[str, ...]]] = [
        (("requirements", "build"), own.build),
        (("requirements", "run"), own.run),
    ]
    for number, override in enumerate(recipe.overrides):
        part = override.requirements or ()
        kinds += [(("overrides", number, "requirements", k), row) for k, row in part if k in ("build", "run")]
    for path, texts in kinds:
        yield from (((*path, index), text) for index, text in enumerate(texts))


def conditions(recipe: Recipe) -> Iterator[tuple[KeyPath, Condition]]:
    """Yield every condition of a recipe and its place."""
    parts = {
        "overrides": [override.when for override in recipe.overrides],
        "modules": [entry.when for entry in recipe.modules],
        "sources": [source.when for source in recipe.sources],
        "patches": [patch.when for patch in recipe.patches],
    }
    for key, found in parts.items():
        yield from (((key, number, "when"), condition) for number, condition in enumerate(found))


@lru_cache(maxsize=1024)
def requirement_of(text: str) -> Requirement | None:
    """Return a requirement taken apart, None where it is none."""
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


@lru_cache(maxsize=1024)
def is_specifier(text: str) -> bool:
    """Return whether a version specifier can be read."""
    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        return False
    return True


def not_a_requirement(text: str) -> str:
    """Return what to say of a text that is no requirement."""
    return f'found "{text}", expected a requirement such as "cython >=3"'


def not_a_specifier(text: str) -> str:
    """Return what to say of a text that is no version specifier."""
    return f'found "{text}", expected a version specifier such as ">=3.8,<3.13"'


def _specifier(path: KeyPath, text: str | None) -> Faults:
    if text and not is_specifier(text):
        yield path, not_a_specifier(text)
