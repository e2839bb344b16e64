"""Whether what stays in a prefix is bound to the providers that the user chose."""

from __future__ import annotations

from collections.abc import Iterable

from pybuild.errors import PlanError
from pybuild.model.plan import PackagePlan
from pybuild.model.providers import base_of
from pybuild.plan.providers import bind, may_be
from pybuild.plan.world import World


def demand_as_preferred(packages: Iterable[PackagePlan], world: World) -> None:
    """Check that no package that was asked for stays as it is though it has another provider than ``--use``.

    A newer version of the same provider is no other one: the first word of an identity tells them apart.

    Raises:
        PlanError: naming the package and what it is bound to, or the chosen provider is not there.
    """
    choice, known = dict(world.providers), {virtual.name for virtual in world.site.virtuals}
    for package in packages:
        if package.action != "keep" or not package.requested:
            continue
        for virtual, identity in package.identity:
            name = choice.get(virtual, choice.get(base_of(virtual)))
            if name is None or virtual not in known:
                continue
            bound = bind(
                virtual, world.site, world.machine, world.state, world.recipes,
                choice=choice, target=world.target,
            )  # fmt: skip
            if bound.lacking:
                raise PlanError(bound.lacking, hint=bound.hint)
            wanted = bound.recipe or bound.identity
            if not (may_be(wanted, identity) or wanted.split()[:1] == identity.split()[:1]):
                raise PlanError(
                    f"{package.name} {package.version} of the prefix is bound to {identity}, "
                    f"and --use {virtual}={name} asks for another {virtual}",
                    hint="add --rebuild to build it again, or leave --use out to keep it",
                )
