"""Packages that conda channels of the site give: planned as their solver chose them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from pybuild.model.machine import CondaPackage, Machine
from pybuild.model.plan import PackagePlan
from pybuild.plan.world import Chosen


def foreign(package: CondaPackage, why: tuple[str, ...]) -> PackagePlan:
    """Return the plan for a package of a conda channel."""
    return PackagePlan(
        name=package.name, version=package.version, build_string=package.build, key="", loose_key="",
        action="conda", change="new", requested=False, depends=package.depends,
        file=package.url, sha256=package.sha256, why=why,
    )  # fmt: skip


def offered(chosen: Iterable[Chosen], machine: Machine, there: Collection[str]) -> list[PackagePlan]:
    """Return what is taken of the channels' offers and what that needs in turn, in the solver's order.

    Args:
        there: names that the plan has already.
    """
    because = {one.name: one.because for one in chosen if one.foreign is not None}
    offers = {package.name: package for package in machine.offers}
    wanted: set[str] = set()
    waiting = list(because)
    while waiting:
        name = waiting.pop()
        if name in offers and name not in wanted:
            wanted.add(name)
            waiting += [words.split()[0] for words in offers[name].depends if words.split()]
    return [
        foreign(package, (because.get(package.name, "comes with what is taken from there"),))
        for package in machine.offers
        if package.name in wanted and package.name not in there
    ]
