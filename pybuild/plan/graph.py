"""Who can come to ask for whom, over all releases and overrides of the recipes at hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from pybuild.model.recipe import Recipe
from pybuild.model.site import Site

_NAME = re.compile(r"\s*([A-Za-z0-9._-]+)")


def asking_order(roots: Iterable[str], recipes: Mapping[str, Recipe], site: Site) -> dict[str, int]:
    """Return the place of each package and virtual that the roots can reach: who asks comes first.

    In such an order everything that is wanted of a package is known when it is chosen. Recipes that can
    ask for each other in a circle stand in it as they are met.

    Args:
        roots: names of packages.

    Returns:
        Places by name; a virtual stands as ``<mpi>``.
    """
    edges = _edges(recipes, site)
    done: dict[str, None] = {}
    for root in roots:
        _visit(root, edges, done)
    return {name: place for place, name in enumerate(reversed(done))}


def reachable(roots: Iterable[str], recipes: Mapping[str, Recipe], site: Site) -> set[str]:
    """Return every name that the roots can come to ask for, the roots included."""
    edges = _edges(recipes, site)
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += edges.get(name, ())
    return found


def _visit(root: str, edges: Mapping[str, list[str]], done: dict[str, None]) -> None:
    open_: dict[str, Iterator[str]] = {root: iter(edges.get(root, ()))}
    while open_:
        name = next(reversed(open_))
        following = next((n for n in open_[name] if n not in done and n not in open_), None)
        if following is None:
            open_.pop(name)
            done.setdefault(name)
        elif following not in done:
            open_[following] = iter(edges.get(following, ()))


def _edges(recipes: Mapping[str, Recipe], site: Site) -> dict[str, list[str]]:
    edges = {name: list(_asked_by(recipe)) for name, recipe in recipes.items()}
    for virtual in site.virtuals:
        edges[f"<{virtual.name}>"] = [p.recipe or p.name for p in virtual.providers if p.where == "recipe"]
        edges[f"<{virtual.name}>"] += [
            name for name, r in recipes.items() if any(one.virtual == virtual.name for one in r.provides)
        ]
    return edges


def _asked_by(recipe: Recipe) -> Iterator[str]:
    own = recipe.requirements
    parts: list[Mapping[str, tuple[str, ...]]] = [{"virtual": own.virtual, "run": own.run}]
    parts += [dict(o.requirements) for o in recipe.overrides if o.requirements is not None]
    for part in parts:
        yield from (f"<{virtual}>" for virtual in part.get("virtual", ()))
        for text in part.get("run", ()):
            found = _NAME.match(text)
            if found:
                yield re.sub(r"[-_.]+", "-", found.group(1)).lower()
