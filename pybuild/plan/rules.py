"""Which of a site's rules and targets act on a package."""

from __future__ import annotations

from pybuild.errors import PlanError
from pybuild.model.providers import Target, base_of
from pybuild.model.rules import Rule, When
from pybuild.model.site import Site
from pybuild.plan.releases import satisfies


def choose_target(site: Site, name: str | None) -> Target | None:
    """Return the target that was asked for, the site's default, or None where a site has none.

    Raises:
        PlanError: the site has no such target.
    """
    if name is None:
        return site.targets[0] if site.targets else None
    for target in site.targets:
        if target.name == name:
            return target
    known = ", ".join(target.name for target in site.targets) or "none"
    raise PlanError(
        f"site {site.name} has no target {name!r}; its targets: {known}",
        hint=f"pybuild site show {site.name}",
    )


def demand_known(site: Site, providers: tuple[tuple[str, str], ...]) -> None:
    """Check that the user chose virtuals and providers that the site has, whether or not a build asks.

    Raises:
        PlanError: it does not have one of them.
    """
    hint = f"pybuild site show {site.name}"
    for name, provider in providers:
        meant = [virtual for virtual in site.virtuals if name in (virtual.name, base_of(virtual.name))]
        known = dict.fromkeys(one.name for virtual in meant for one in virtual.providers)
        if not meant:
            raise PlanError(
                f"--use {name}={provider}: site {site.name} has no virtual {name!r}; "
                f"it has {', '.join(virtual.name for virtual in site.virtuals) or 'none'}",
                hint=hint,
            )
        if provider not in known:
            raise PlanError(
                f"--use {name}={provider}: site {site.name} has no provider {provider!r} of {name!r}; "
                f"it has {', '.join(known)}",
                hint=hint,
            )


def acting_rules(
    site: Site, *, recipe: str, providers: dict[str, str], target: Target | None, python: str
) -> tuple[Rule, ...]:
    """Return the rules whose conditions hold, in the site's order.

    Args:
        providers: the chosen provider by virtual; a condition on ``hdf5`` holds for ``hdf5[mpi]`` too.
        python: full version of the prefix's Python.
    """
    named = {*providers, *map(base_of, providers)}

    def holds(when: When) -> bool:
        return (
            (when.virtual is None or when.virtual in named)
            and all(providers.get(virtual) == name for virtual, name in when.provider)
            and (when.recipe is None or when.recipe == recipe)
            and (when.target is None or (target is not None and when.target == target.name))
            and (when.python is None or satisfies(python, when.python))
        )

    return tuple(rule for rule in site.rules if holds(rule.when))
