"""The run, as the sequence it is: prepare a plan, fetch, build, install; ``verification.verify`` comes last.

Each function takes what the one before returned; a newcomer can read the whole program here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from pybuild.errors import ChannelError
from pybuild.settings import Settings

if TYPE_CHECKING:
    from pybuild.model.machine import ChannelPackage
    from pybuild.model.plan import Plan
    from pybuild.model.request import Request
    from pybuild.plan.world import World

__all__ = ["Settings", "Survey", "carry_out", "prepare", "publish", "shell_notes", "survey"]


class Survey(NamedTuple):
    """A plan, what it was made from, and what the channel had of its packages."""

    plan: Plan
    world: World
    held: tuple[ChannelPackage, ...]


def prepare(request: Request, settings: Settings, *, acting: bool = True) -> Plan:
    """Load what the request needs and return the plan.

    Args:
        acting: the plan will be carried out here; else it may be made for a machine that this one is not.

    Raises:
        DocumentError, PlanError, PrefixError: as loading and planning find it; the site may refuse to act
            in a shell with a Python from elsewhere.
        ModuleToolError: the modules are not what the site says.
        ChannelError: a shared channel cannot be read, or its signature does not vouch for what is taken.
    """
    from dataclasses import replace

    from pybuild.plan.foreign_variables import judged

    found = survey(request, settings, acting=acting)
    if not acting:
        return found.plan
    notes = judged(found.world.site, settings.environ, request.prefix)
    return replace(found.plan, notes=(*found.plan.notes, *notes))


def shell_notes(prefix: str, settings: Settings) -> tuple[str, ...]:
    """Return what the site says of the user's shell where something is installed into ``prefix``.

    Raises:
        DocumentError, PlanError: there is no such site, or it refuses a variable that is set.
    """
    from pybuild.load.sites import choose_site
    from pybuild.plan.foreign_variables import judged

    return judged(choose_site(settings.site, settings.places, settings.environ), settings.environ, prefix)


def survey(request: Request, settings: Settings, *, acting: bool = True) -> Survey:
    """Load what the request needs and return the plan with what it was made from; as :func:`prepare`.

    Planning is pure, so it is done twice where a site has modules: the first plan says which environments
    are needed, the module tool makes them, and the second plan knows what was really loaded.
    """
    from dataclasses import replace

    from pybuild.captures import captured
    from pybuild.holdings import demand_signatures, held_packages, planned
    from pybuild.load.closure import load_closure, looked_for
    from pybuild.load.machine import read_machine
    from pybuild.load.offers import with_offers
    from pybuild.load.recipes import RecipeTree
    from pybuild.load.sites import choose_site
    from pybuild.plan.resolve import World
    from pybuild.plan.rules import choose_target
    from pybuild.prefix.state import read_state
    from pybuild.sources import within_reach

    places = settings.places
    site = choose_site(settings.site, places, settings.environ)
    site = within_reach(replace(site, channels=request.channels or site.channels), settings)
    state = read_state(request.prefix)
    if request.upgrade:
        from pybuild.prefix.installed import with_origins

        state = with_origins(state)
    ours = [package.name for package in state.packages if package.key]
    names, always = [spec.name for spec in request.specs], ("pip", *(ours if request.upgrade else ()))
    recipes = load_closure(RecipeTree(places.recipes), names, site, always=always, beside=ours)
    machine = read_machine(request, site, state, looked_for(recipes.values()), settings.environ, places.cache)
    channel = str(places.channel)
    held = held_packages(site, settings, machine.subdir, [*recipes, "python"])
    world = World(
        site=site, recipes=recipes, machine=machine, state=state,
        target=choose_target(site, request.target), providers=request.providers,
        favoured=request.favoured.releases,
    )  # fmt: skip
    plan = planned(request, world, held, channel)
    offered = with_offers(plan, request, machine, site, state, recipes)
    if offered is not machine:
        world = replace(world, machine=offered)
        plan = planned(request, world, held, channel)
    wanted = [p.build.modules for p in plan.packages if p.build is not None and p.build.modules is not None]
    if not wanted:
        demand_signatures(plan, site, settings)
        return Survey(plan, world, held)
    if not acting and not all(map(os.path.exists, site.modules.init)):
        note = (
            f"the modules of {site.name} are not on this machine: "
            "their versions are not known, and the keys below are not final"
        )
        return Survey(replace(plan, notes=(*plan.notes, note)), world, held)
    captures = tuple(captured(modules, settings) for modules in dict.fromkeys(wanted))
    world = replace(world, machine=replace(world.machine, captures=captures))
    plan = planned(request, world, held, channel)
    demand_signatures(plan, site, settings)
    return Survey(plan, world, held)


def publish(plan: Plan, settings: Settings) -> None:
    """Let conda and its relatives see what was built; the prefix does not wait for this, nor fail with it.

    What an earlier run built before it failed or was killed counts, too, once a plan takes it.
    """
    from pybuild.channel.folder import publish as publish_channel

    try:
        if _brings_news(plan):
            publish_channel(plan.channel, plan.subdir)
    except ChannelError as error:
        settings.report.note(f"conda is not told what is new in the channel: {error.message}")


def _brings_news(plan: Plan) -> bool:
    """Return whether the plan's channel has something of it that conda may not know."""
    from pybuild.channel.folder import is_published

    folder = os.path.join(plan.channel, plan.subdir)
    built = (f"{p.name}-{p.version}-{p.build_string}.conda" for p in plan.packages if p.action == "build")
    if any(os.path.exists(os.path.join(folder, file)) for file in built):
        return True
    taken = [p for p in plan.packages if p.action == "channel" and os.path.dirname(p.file or "") == folder]
    return os.access(plan.channel, os.W_OK) and not is_published(
        plan.channel, plan.subdir, [p.sha256 or "" for p in taken]
    )


def carry_out(plan: Plan, settings: Settings) -> None:
    """Fetch, build and install what a plan says.

    Raises:
        PybuildError: of the step that failed; the prefix is as before.
    """
    if plan.changes_nothing():
        return
    from pybuild.building import build_packages
    from pybuild.commit import install
    from pybuild.holdings import in_use
    from pybuild.sources import fetch_sources

    with in_use(plan):
        files = fetch_sources(plan, settings)
        try:
            install(plan, build_packages(plan, files, settings), settings)
        finally:
            publish(plan, settings)
