"""What holds for one package of the closure at this site: fields, rules, providers, target."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pybuild.plan.effective import holds
from pybuild.plan.environment import Circumstances
from pybuild.plan.modules import Wish
from pybuild.plan.providers import Bound, bind
from pybuild.plan.resolve import Chosen, World
from pybuild.plan.rules import acting_rules


def circumstances(chosen: Chosen, python: str, world: World) -> Circumstances:
    """Return what the environments of a package are made from.

    Args:
        python: full version of the prefix's Python.
    """
    providers = {b.virtual: b.provider for b in chosen.bound}
    version = chosen.release.version if chosen.release else ""
    return Circumstances(
        recipe=chosen.name,
        fields={**fields_of(chosen.bound), "version": version, "name": chosen.name},
        site=world.site,
        rules=acting_rules(
            world.site, recipe=chosen.name, providers=providers, target=world.target, python=python
        ),
        providers=tuple((b.virtual, b.entry) for b in chosen.bound if b.entry is not None),
        target=world.target,
    )


def wish_of(chosen: Chosen, here: Circumstances, python: str) -> Wish | None:
    """Return what the package's modules are loaded for, None where it asks the site for nothing."""
    if not chosen.bound or chosen.release is None:
        return None
    version, site = chosen.release.version, here.site.name
    return Wish(
        site=here.site,
        target=here.target,
        providers=here.providers,
        rules=here.rules,
        own=tuple(m for m in chosen.recipe.modules if holds(m.when, version, python, chosen.options, site)),
        recipe=chosen.name,
    )


def when_run(chosen: Chosen, world: World) -> Chosen:
    """Return the package as it is run: with the prefix's MPI where its checks start ranks.

    schwimmbad asks the site for nothing, because mpi4py does; its ranks still need MPI's launcher.
    """
    effective = chosen.effective
    starts = effective is not None and any(test.ranks for test in effective.tests)
    offered = any(virtual.name == "mpi" for virtual in world.site.virtuals)
    if not starts or not offered or any(b.virtual == "mpi" for b in chosen.bound):
        return chosen
    choice = dict(world.providers)
    mpi = bind(
        "mpi", world.site, world.machine, world.state, world.recipes, choice=choice, target=world.target
    )
    return replace(chosen, bound=(*chosen.bound, mpi))


def fields_of(bound: Iterable[Bound]) -> dict[str, str]:
    """Return the fields of all providers, keyed ``mpi.cc``."""
    return {name: value for b in bound for name, value in b.fields.items()}
