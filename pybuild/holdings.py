"""What the channels hold for a plan: one's own, and the shared ones in front of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pybuild.errors import ChannelError

if TYPE_CHECKING:
    from pybuild.model.machine import ChannelPackage
    from pybuild.model.plan import Plan
    from pybuild.model.request import Request
    from pybuild.model.site import Site
    from pybuild.plan.world import World
    from pybuild.settings import Settings


def held_packages(
    site: Site, settings: Settings, subdir: str, names: Iterable[str]
) -> tuple[ChannelPackage, ...]:
    """Return what the shared channels and one's own have of some packages, of the first channel first.

    Raises:
        ChannelError: a channel is there and cannot be read.
    """
    from pybuild.channel.folder import find_packages
    from pybuild.load.places import shared_channels

    wanted = set(names)
    channels = [*(one.path for one in shared_channels(site, settings.places)), settings.places.channel]
    return tuple(p for one in dict.fromkeys(channels) for p in find_packages(one, subdir, wanted))


def planned(request: Request, world: World, held: tuple[ChannelPackage, ...], channel: str) -> Plan:
    """Return the plan for a world; what a channel's index has and its folder lacks is as if it was not there.

    Only the files of the packages that the plan takes are looked at.

    Args:
        held: as :func:`held_packages` gives it.
        channel: where built packages go.

    Raises:
        PlanError: as planning finds it.
    """
    from pybuild.plan.make import make_plan

    while True:
        plan = make_plan(request, world, held=held, channel=channel)
        lost = {file for file in _taken(plan) if not os.path.isfile(file)}
        if not lost:
            return plan
        held = tuple(package for package in held if package.file not in lost)


def demand_signatures(plan: Plan, site: Site, settings: Settings) -> None:
    """Refuse a plan that takes from a shared channel what the signature demanded there does not vouch for.

    Raises:
        ChannelError: naming channel, package and why.
    """
    from pybuild.load.places import shared_channels

    for shared in shared_channels(site, settings.places):
        files = {file for file in _taken(plan) if file.startswith(os.path.join(shared.path, ""))}
        if files and shared.signers:
            import time
            from pathlib import Path

            from pybuild.channel.keys import Row
            from pybuild.channel.signed import Trust, demand_signed

            trust = Trust(
                signers=shared.signers, memory=Path(settings.places.cache, "channels"),
                environ=settings.environ, now=time.time(),
            )  # fmt: skip
            rows = [
                Row(p.name, p.version, p.build_string, p.key, p.loose_key, p.sha256 or "")
                for p in plan.packages
                if p.file in files
            ]
            demand_signed(shared.path, plan.subdir, rows, trust)


@contextmanager
def in_use(plan: Plan) -> Iterator[None]:
    """Keep whoever tidies a channel from removing what a plan takes, inside the ``with`` block.

    Afterwards the plan's prefix is noted as one that uses the channels, where we may write that.

    Raises:
        ChannelError: a package went after the plan was made.
    """
    from pybuild.channel.uses import remember, use_lock
    from pybuild.locks import used

    taken = _taken(plan)
    channels = dict.fromkeys([plan.channel, *(os.path.dirname(os.path.dirname(file)) for file in taken)])
    with used(use_lock(channel, plan.subdir) for channel in channels):
        for file in taken:
            if not os.path.isfile(file):
                raise ChannelError(f"{file}: was removed after the plan was made", hint="run the same again")
        yield
        for channel in channels:
            remember(channel, plan.subdir, plan.prefix)


def _taken(plan: Plan) -> list[str]:
    return [p.file for p in plan.packages if p.action in ("channel", "keep") and p.file]
