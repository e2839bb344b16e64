"""Decide what stands behind each virtual: the site's providers, best first, as far as they are there."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

from pybuild.errors import PlanError
from pybuild.model.machine import Machine, PrefixState
from pybuild.model.providers import Provider, Target, Virtual, base_of
from pybuild.model.recipe import Recipe
from pybuild.model.site import Site


class Bound(NamedTuple):
    """A virtual with the provider that was chosen.

    ``fields`` are keyed ``mpi.cc`` (``hdf5.root`` for the virtual ``hdf5[mpi]``); they may hold
    ``${{ prefix }}``, which stands for the prefix that holds ``recipe``, and ``${{ env.NAME }}``,
    known once the modules are loaded. ``identity`` is empty for a recipe until its package is planned.
    ``entry`` is what the site says of the provider, and ``site`` the same where its modules bring it.
    ``options`` are those that the recipe must have for the virtual's feature, ``without`` those that it
    must not have, because with them it provides the virtual with another feature.
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
    entry: Provider | None = None
    options: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @property
    def site(self) -> Provider | None:
        """Return the site's entry of a provider that the loaded modules bring."""
        return self.entry if self.entry is not None and self.entry.where == "site" else None


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
    """Return the best provider of ``virtual`` that is there; for the arguments see :func:`bindings`."""
    return bindings(virtual, site, machine, state, recipes, choice=choice, target=target)[0]


def bindings(
    virtual: str,
    site: Site,
    machine: Machine,
    state: PrefixState,
    recipes: Mapping[str, Recipe],
    *,
    choice: Mapping[str, str] | None = None,
    target: Target | None = None,
    asked: Collection[str] = (),
    rebuilt: Collection[str] = (),
) -> tuple[Bound, ...]:
    """Return the site's providers of ``virtual`` that are there, best first.

    The one that packages of the prefix are bound to comes first: a prefix has one provider of a virtual.
    Then the site's order holds, except that a recipe that was asked for comes before other recipes.

    Args:
        choice: name of the provider that the user wants, by virtual.
        target: its fields replace those of the provider.
        asked: names that the user asked for.
        rebuilt: installed packages whose bindings do not count, because they are built again.

    Raises:
        PlanError: the site does not know the virtual or the chosen provider,
            or something else than a compiler is missing.
    """
    known = {v.name: v for v in site.virtuals}
    if virtual not in known:
        raise PlanError(
            f"site {site.name} does not provide {virtual!r}; it provides {', '.join(known) or 'nothing'}",
            hint=_could_provide(virtual, recipes) or f"pybuild site show {site.name}",
        )
    absent: list[str] = []
    found: list[Bound] = []
    wanted = _wanted(known[virtual], site, choice or {})
    for provider in wanted:
        bound = _try(virtual, provider, machine, state, recipes)
        if bound is None:
            absent.append(_absence(provider))
            continue
        bound = _aimed(bound._replace(entry=provider), target)
        why = f"{virtual}: {_describe(bound)}" + (f" ({'; '.join(absent)})" if absent else "")
        found.append(bound._replace(why=why))
    if found:
        chosen = wanted is not known[virtual].providers
        return tuple(found if chosen else _preferred(found, state, asked, rebuilt))
    lacking = f"nothing on this machine provides {virtual!r}: " + "; ".join(absent)
    if virtual == "compiler":
        fields = _with_name(virtual, "none", {f"{virtual}.cc": ""})
        return (Bound(virtual, "none", fields, "", None, lacking, lacking, _hint(virtual, site)),)
    raise PlanError(lacking, hint=_hint(virtual, site))


def may_be(late: str, identity: str) -> bool:
    """Return whether an identity can become another once the modules have set its variables."""
    parts = re.split(r"\$\{\{.*?\}\}", late)
    return re.fullmatch(".*".join(map(re.escape, parts)), identity) is not None


def _preferred(
    found: list[Bound], state: PrefixState, asked: Collection[str], rebuilt: Collection[str]
) -> list[Bound]:
    virtual = found[0].virtual
    if base_of(virtual) != "compiler":
        for package in state.packages:
            identity = dict(package.identity).get(virtual) if package.name not in rebuilt else None
            same = next((b for b in found if identity and _is(b, identity)), None)
            if same is found[0]:
                break
            if same is not None:
                why = f"{same.why.partition(' (')[0]} ({package.name} of the prefix is bound to it)"
                return [same._replace(why=why), *(b for b in found if b is not same)]
    first = next((b for b in found if b.recipe is None or b.recipe in asked), found[0])
    return [first, *(b for b in found if b is not first)]


def _is(bound: Bound, identity: str) -> bool:
    """Return whether an installed package's identity names this provider."""
    if bound.recipe is not None:
        return identity.split(" ")[0] == bound.recipe
    return bool(bound.identity) and may_be(bound.identity, identity)


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
        recipe = recipes.get(provider.recipe or provider.name)
        return None if recipe is None else _from_recipe(virtual, provider.name, recipe)
    if provider.where == "prefix":
        owner = _owner(virtual, state, recipes)
        if owner is not None:
            return _from_recipe(virtual, owner.name, owner)
    if provider.where == "site":
        fields = {f"{base_of(virtual)}.{name}": value for name, value in provider.fields}
        identity = provider.identity or " ".join(f"{name}={value}" for name, value in provider.fields)
        named = _with_name(virtual, provider.name, fields)
        return Bound(virtual, provider.name, named, identity, None, "")
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
            options, without = _features(virtual, recipe)
            named = _with_name(virtual, recipe.name, fields)
            return Bound(virtual, provider, named, "", recipe.name, "", options=options, without=without)
    raise PlanError(f"recipe {recipe.name} does not provide {virtual!r}")


def _features(virtual: str, recipe: Recipe) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the options that a recipe must and must not have to provide ``virtual``.

    ``hdf5[mpi]`` asks for the option ``mpi``; the plain ``hdf5`` of the same recipe must not have it.
    A recipe that has no such option always provides what it says.
    """
    known = {option.name for option in recipe.options}
    own = _feature(virtual)
    others = {_feature(p.virtual) for p in recipe.provides if base_of(p.virtual) == base_of(virtual)}
    return tuple(sorted(own & known)), tuple(sorted((set().union(*others) - own) & known))


def _feature(virtual: str) -> frozenset[str]:
    words = virtual.partition("[")[2].rstrip("]")
    return frozenset(words.split(",") if words else ())


def _owner(virtual: str, state: PrefixState, recipes: Mapping[str, Recipe]) -> Recipe | None:
    """Return the recipe behind a package of ours in the prefix that provides ``virtual``."""
    for package in state.packages:
        recipe = recipes.get(package.name)
        if package.key and recipe and any(p.virtual == virtual for p in recipe.provides):
            options, without = _features(virtual, recipe)
            if set(options) <= set(package.options) and not set(without) & set(package.options):
                return recipe
    return None


def _could_provide(virtual: str, recipes: Mapping[str, Recipe]) -> str | None:
    names = sorted(r.name for r in recipes.values() if any(p.virtual == virtual for p in r.provides))
    if not names:
        return None
    several = f"recipes {', '.join(names)}" if len(names) > 1 else f"recipe {names[0]}"
    row = f"{virtual}: [{{name: {names[0]}, where: recipe, recipe: {names[0]}}}]"
    return f"{several} can provide it: add below virtuals in a site file of yours: {row}"


def _with_name(virtual: str, name: str, fields: dict[str, str]) -> dict[str, str]:
    """Give every provider the fields that recipes may always use, empty where it has none."""
    base = base_of(virtual)
    names = ("shared", "dynamic", "soname", "library", "cxx", "fc", "libs", "version", "mpiexec")
    empty = {f"{base}.{field}": "" for field in names}
    return {**empty, f"{base}.name": name, **fields}


def _describe(bound: Bound) -> str:
    if bound.recipe:
        return f"recipe {bound.recipe}"
    cc = bound.fields.get(f"{base_of(bound.virtual)}.cc")
    return f"{bound.provider} {cc}" if cc else bound.provider


def _absence(provider: Provider) -> str:
    if provider.where == "recipe":
        return f"no recipe {provider.recipe or provider.name}"
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
