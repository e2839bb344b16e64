"""What a stack asks of the planner: from its file alone, with an older lock's favour, or pinned by a lock."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from pybuild.model.request import Favoured, Request, Spec
from pybuild.model.stack import Lock, LockedRecipe, Stack
from pybuild.plan.specs import parse_spec

if TYPE_CHECKING:
    from pybuild.settings import Settings


def request_of(stack: Stack, prefix: str, older: Lock | None, upgrade: Collection[str]) -> Request:
    """Return what a stack file asks for.

    Args:
        older: the lock whose choices are taken again wherever that is possible.
        upgrade: names that it has no say about.
    """
    return Request(
        specs=tuple(parse_spec(text) for text in stack.recipes),
        prefix=prefix,
        python=stack.python,
        target=stack.target,
        providers=stack.use,
        channels=stack.channels,
        conda=stack.conda,
        favoured=favoured(older, upgrade) if older else Favoured(),
    )


def favoured(lock: Lock, upgrade: Collection[str]) -> Favoured:
    """Return what a lock chose, names that are upgraded left out."""
    releases = {(recipe.name, recipe.version) for recipe in lock.recipes}
    releases |= {pair for recipe in lock.recipes for pair in _tools(recipe)}
    return Favoured(
        releases=frozenset(pair for pair in releases if pair[0] not in upgrade),
        conda=tuple(package for package in lock.conda if package.name not in upgrade),
        interpreter="" if "python" in upgrade else lock.interpreter,
    )


def pinned(stack: Stack, lock: Lock, prefix: str) -> Request:
    """Return what a release asks for: exactly what the lock names."""
    own = request_of(stack, prefix, lock, ())
    asked = tuple(_exact(recipe) for recipe in lock.recipes if recipe.requested)
    also = tuple(_exact(recipe) for recipe in lock.recipes if not recipe.requested)
    # A path in the stack file names one interpreter already.
    python = own.python if own.python and "/" in own.python else lock.python
    return replace(own, specs=asked, also=also, python=python, base=lock.conda)


def nowhere(settings: Settings) -> str:
    """Return the path of a prefix that is only planned: whoever locks need not be able to write there."""
    return os.path.join(settings.places.cache, "planned")


def at_site(stack: Stack, settings: Settings) -> Settings:
    """Return the settings with the site that the stack names, where it names one."""
    return replace(settings, site=stack.site or settings.site)


def _exact(recipe: LockedRecipe) -> Spec:
    options = f"[{','.join(recipe.options)}]" if recipe.options else ""
    return parse_spec(f"{recipe.name}{options}=={recipe.version}")


def _tools(recipe: LockedRecipe) -> list[tuple[str, str]]:
    """Return name and version of the wheels that a build needed."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    found = []
    for file, _ in recipe.sources:
        try:
            name, version, *_rest = parse_wheel_filename(file)
        except InvalidWheelFilename:
            continue  # an archive
        found += [(str(name), str(version)), (str(name), file.split("-")[1])]
    return found
