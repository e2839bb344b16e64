"""Load the recipes that a request can come to need, and no others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Protocol

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pybuild.errors import DocumentError, PlanError
from pybuild.model.providers import base_of
from pybuild.model.recipe import TOOLS, Recipe
from pybuild.model.site import Site


class Recipes(Protocol):
    """Where recipes come from."""

    def names(self) -> Iterable[str]:
        """Return the names of all recipes; no file is opened."""

    def get(self, name: str) -> Recipe:
        """Return the named recipe; PlanError where there is none."""


def load_closure(
    tree: Recipes,
    names: Iterable[str],
    site: Site,
    *,
    always: Iterable[str] = (),
    beside: Iterable[str] = (),
) -> dict[str, Recipe]:
    """Return the named recipes and everything they may need, by name.

    Args:
        always: recipes that are needed whatever is asked for.
        beside: installed packages of ours; those whose recipes provide something are in the result, because
            what they provide counts although nobody asks for them.

    Raises:
        PlanError: a named recipe does not exist; one that is only needed may be absent,
            since the prefix may have the package already.
        DocumentError: a recipe is wrong.
    """
    asked = [canonicalize_name(name) for name in names]
    found: dict[str, Recipe] = {}
    waiting = [*asked, *always]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            found[name] = tree.get(name)
        except PlanError:
            if name in asked:
                raise
            continue
        waiting += _needs(found[name], site)
    for recipe in _candidates(list(found.values()), site, tree):
        found.setdefault(recipe.name, recipe)
    for name in beside:
        if name not in found:
            with suppress(PlanError, DocumentError):  # nobody asked for these
                recipe = tree.get(name)
                found |= {name: recipe} if recipe.provides else {}
    return found


def virtuals(recipes: Iterable[Recipe]) -> set[str]:
    """Return every virtual that the recipes can ask for."""
    parts = (part for recipe in recipes for part in _requirements(recipe))
    return {virtual for part in parts for virtual in part.get("virtual", ())}


def looked_for(recipes: Iterable[Recipe]) -> set[str]:
    """Return every virtual that is looked for: what recipes may ask for, and MPI where tests start ranks."""
    known = list(recipes)
    return virtuals(known) | ({"mpi"} if any(map(_starts_ranks, known)) else set())


def _starts_ranks(recipe: Recipe) -> bool:
    tests = [*recipe.tests, *(test for override in recipe.overrides for test in override.tests or ())]
    return any(test.ranks for test in tests)


def _needs(recipe: Recipe, site: Site) -> list[str]:
    names: list[str] = []
    systems = {recipe.build.system, *(dict(o.build or ()).get("system") for o in recipe.overrides)}
    names += [name for system, tools in TOOLS.items() if system in systems for name in tools]
    for part in _requirements(recipe):
        for text in (*part.get("build", ()), *part.get("run", ())):
            names.append(canonicalize_name(Requirement(text).name))
        wanted = set(part.get("virtual", ()))
        names += [
            provider.recipe or provider.name
            for virtual in site.virtuals if virtual.name in wanted
            for provider in virtual.providers if provider.where == "recipe"
        ]  # fmt: skip
    return names


def _candidates(recipes: Iterable[Recipe], site: Site, tree: Recipes) -> Iterator[Recipe]:
    """Yield recipes that may provide what the site does not know, so that an error can name them."""
    known = {virtual.name for virtual in site.virtuals}
    bases = {base_of(virtual) for virtual in virtuals(recipes) if virtual not in known}
    for name in tree.names() if bases else ():
        if bases & {name, *name.split("-")}:
            with suppress(PlanError, DocumentError):  # nobody asked for these
                yield tree.get(name)


def _requirements(recipe: Recipe) -> list[dict[str, tuple[str, ...]]]:
    own = recipe.requirements
    parts = [{"virtual": own.virtual, "build": own.build, "run": own.run}]
    return parts + [dict(o.requirements) for o in recipe.overrides if o.requirements is not None]
