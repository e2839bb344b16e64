"""Decide what stands behind each virtual: the site's providers, best first, as far as they are there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pybuild.errors import PlanError
from pybuild.model.machine import Machine, PrefixState
from pybuild.model.recipe import Recipe
from pybuild.model.site import Provider, Site, Target, Virtual, base_of


class Bound(NamedTuple):
    """A virtual with the provider that was chosen.

    ``fields`` are keyed ``mpi.cc`` (``hdf5.root`` for the virtual ``hdf5[mpi]``); they may hold
    ``${{ prefix }}``, which stands for the prefix that holds ``recipe``, and ``${{ env.NAME }}``,
    known once the modules are loaded. ``identity`` is empty for a recipe until its package is planned.
    ``site`` is the site's record where its modules bring the provider.
    ``lacking`` says why nothing could be built with it: a compiler that is not there matters only
    if the channel does not hold the package.
    """

    virtual: str
    provider: str
    fields: dict[str, str]
    identity: str
    recipe: str | None
    why: str
    lacking: str = ""
    hint: str | None = None
    site: Provider | None = None


def bind(
    virtual: str,
    site: Site,
    machine: Machine,
    state: PrefixState,
    recipes: Mapping[str, Recipe],
    *,
    choice: Mapping[str, str] | None = None,
    target: Target | None = None,
) -> Bound:
    """Return the first of the site's providers of ``virtual`` that is there.

    Args:
        choice: name of the provider that the user wants, by virtual.
        target: its fields replace those of the provider.

    Raises:
        PlanError: the site does not know the virtual or the chosen provider,
            or something else than a compiler is missing.
    """
    known = {v.name: v for v in site.virtuals}
    if virtual not in known:
        raise PlanError(
            f"site {site.name} does not provide {virtual!r}; it provides {', '.join(known) or 'nothing'}",
            hint=f"pybuild site show {site.name}",
        )
    absent: list[str] = []
    for provider in _wanted(known[virtual], site, choice or {}):
        bound = _try(virtual, provider, machine, state, recipes)
        if bound is not None:
            bound = _aimed(bound, target)
            why = f"{virtual}: {_describe(bound)}" + (f" ({'; '.join(absent)})" if absent else "")
            return bound._replace(why=why)
        absent.append(_absence(provider))
    lacking = f"nothing on this machine provides {virtual!r}: " + "; ".join(absent)
    if virtual == "compiler":
        fields = _with_name(virtual, "none", {f"{virtual}.cc": ""})
        return Bound(virtual, "none", fields, "", None, lacking, lacking, _hint(virtual, site))
    raise PlanError(lacking, hint=_hint(virtual, site))


def _wanted(virtual: Virtual, site: Site, choice: Mapping[str, str]) -> tuple[Provider, ...]:
    name = choice.get(virtual.name, choice.get(base_of(virtual.name)))
    if name is None:
        return virtual.providers
    found = tuple(provider for provider in virtual.providers if provider.name == name)
    if not found:
        known = ", ".join(provider.name for provider in virtual.providers)
        raise PlanError(
            f"site {site.name} has no provider {name!r} of {virtual.name!r}; it has {known}",
            hint=f"pybuild site show {site.name}",
        )
    return found


def _aimed(bound: Bound, target: Target | None) -> Bound:
    """Return a site's provider with the fields that the target has of its own."""
    if target is None or bound.site is None:
        return bound
    base = base_of(bound.virtual)
    own = {f"{base}.{field}": value for virtual, field, value in target.fields if base_of(virtual) == base}
    return bound._replace(fields={**bound.fields, **own})


def _try(
    virtual: str, provider: Provider, machine: Machine, state: PrefixState, recipes: Mapping[str, Recipe]
) -> Bound | None:
    if provider.where == "recipe":
        return _from_recipe(virtual, provider.name, recipes[provider.recipe or provider.name])
    if provider.where == "prefix":
        owner = _owner(virtual, state, recipes)
        if owner is not None:
            return _from_recipe(virtual, owner.name, owner)
    if provider.where == "site":
        fields = {f"{base_of(virtual)}.{name}": value for name, value in provider.fields}
        identity = provider.identity or " ".join(f"{name}={value}" for name, value in provider.fields)
        named = _with_name(virtual, provider.name, fields)
        return Bound(virtual, provider.name, named, identity, None, "", site=provider)
    for found in machine.providers:
        if (found.virtual, found.provider) == (virtual, provider.name):
            fields = {f"{base_of(virtual)}.{name}": value for name, value in found.fields}
            named = _with_name(virtual, provider.name, fields)
            return Bound(virtual, provider.name, named, found.identity, None, "")
    return None


def _from_recipe(virtual: str, provider: str, recipe: Recipe) -> Bound:
    for provides in recipe.provides:
        if provides.virtual == virtual:
            fields = {f"{base_of(virtual)}.{name}": value for name, value in provides.fields}
            return Bound(virtual, provider, _with_name(virtual, recipe.name, fields), "", recipe.name, "")
    raise PlanError(f"recipe {recipe.name} does not provide {virtual!r}")


def _owner(virtual: str, state: PrefixState, recipes: Mapping[str, Recipe]) -> Recipe | None:
    """Return the recipe behind a package of ours in the prefix that provides ``virtual``."""
    for package in state.packages:
        recipe = recipes.get(package.name)
        if package.key and recipe and any(p.virtual == virtual for p in recipe.provides):
            return recipe
    return None


def _with_name(virtual: str, name: str, fields: dict[str, str]) -> dict[str, str]:
    """Give every provider the fields that recipes may always use, empty where it has none."""
    base = base_of(virtual)
    names = ("shared", "dynamic", "soname", "library", "cxx", "fc", "libs", "version")
    empty = {f"{base}.{field}": "" for field in names}
    return {**empty, f"{base}.name": name, **fields}


def _describe(bound: Bound) -> str:
    if bound.recipe:
        return f"recipe {bound.recipe}"
    cc = bound.fields.get(f"{base_of(bound.virtual)}.cc")
    return f"{bound.provider} {cc}" if cc else bound.provider


def _absence(provider: Provider) -> str:
    place = {"path": "in the site's path", "shell": "on the PATH", "prefix": "in the prefix"}.get(
        provider.where, ""
    )
    names = " or ".join(provider.programs[0][1]) if provider.programs else provider.name
    return f"no {names} {place}".strip()


def _hint(virtual: str, site: Site) -> str:
    if virtual == "compiler":
        return (
            "install a C compiler (Debian: apt-get install gcc libc6-dev) or load the site's compiler module"
        )
    return f"pybuild site show {site.name}"
