"""Ask the site's conda channels for what a plan would else take from the package index as wheels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pybuild.model.machine import CondaPackage, Machine, PrefixState
from pybuild.model.plan import PackagePlan, Plan
from pybuild.model.recipe import Recipe
from pybuild.model.request import Request
from pybuild.model.site import Site


def with_offers(
    plan: Plan,
    request: Request,
    machine: Machine,
    site: Site,
    state: PrefixState,
    recipes: Mapping[str, Recipe],
) -> Machine:
    """Return the machine with what the channels have of the plan's wheels; to have nothing is no error.

    The versions that the plan's packages demand of each other are asked for, and nothing that the prefix
    has is replaced. A prefix that begins with a Python of this machine has nothing for conda to build on.

    Args:
        plan: made without any offers.

    Raises:
        PrefixError: one of conda's records of the prefix cannot be read.
    """
    if not site.channels or request.base is not None:
        return machine
    wanted = [spec_of(p, plan) for p in plan.packages if _from_index(p, recipes)]
    if not wanted or (not state.exists and not machine.base):
        return machine
    from pybuild.conda.channels import UnansweredError, complete

    base = {package.name: package for package in machine.base}
    fixed = [f"{p.name} =={p.version} {p.build}" for p in base.values() if p.name in ("python", "pip")]
    fixed += request.conda
    prefix = Path(state.path) if state.exists else None
    favoured = request.favoured.conda
    try:
        found = complete(site.channels, wanted, fixed, machine.subdir, prefix, favoured)
    except UnansweredError as error:
        note = f"no conda channel answered ({error.message}); the index gives what is needed"
        return replace(machine, offers_note=note)
    if base and found:
        found = tuple(p for p in found if base.get(p.name) != p)
    return _settled(machine, found, {words.split()[0] for words in wanted})


def spec_of(package: PackagePlan, plan: Plan) -> str:
    """Return what the packages of a plan demand of one of them, as conda writes it."""
    demands = {
        part: None
        for other in plan.packages
        for text in other.depends
        if text.partition(" ")[0] == package.name
        for part in text.partition(" ")[2].split(",")
        if part
    }
    return f"{package.name} {','.join(demands)}".strip()


def _from_index(package: PackagePlan, recipes: Mapping[str, Recipe]) -> bool:
    recipe = recipes.get(package.name)
    if recipe is None or package.requested or package.action not in ("build", "channel"):
        return False
    needs_no_site = not recipe.requirements.virtual and not recipe.provides
    return recipe.build.system == "wheel" and needs_no_site


def _settled(machine: Machine, found: tuple[CondaPackage, ...], wanted: set[str]) -> Machine:
    """Return the machine with the offers; what of a new prefix's base they replace leaves it."""
    if not wanted & {package.name for package in found}:
        return machine
    names = {package.name for package in found}
    base = tuple(package for package in machine.base if package.name not in names)
    changed = {p.name for p in machine.base} & names
    kept = tuple(p for p in found if p.name in changed)
    return replace(machine, base=(*base, *kept), offers=tuple(p for p in found if p.name not in changed))
