"""In which order builds begin: needs first, then whatever has the longest way to go."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from pybuild.model.plan import PackagePlan, Plan, Run

LIGHT, HEAVY = 2.0, 60.0
"""Seconds that a build is taken to last where no earlier run tells: without commands, and with some."""


def building(plan: Plan) -> tuple[PackagePlan, ...]:
    """Return the packages that the plan builds."""
    return tuple(package for package in plan.packages if package.action == "build")


def is_heavy(package: PackagePlan) -> bool:
    """Return whether a build runs commands; what only unpacks a wheel or copies a Python takes no time."""
    return package.build is not None and any(isinstance(step, Run) for step in package.build.steps)


def apart(plan: Plan) -> tuple[tuple[PackagePlan, ...], tuple[PackagePlan, ...]]:
    """Return the builds that take no time and need none that does, and the others."""
    light: list[PackagePlan] = []
    for package in building(plan):
        needs = set(needs_of(plan)[package.name])
        if not is_heavy(package) and needs <= {one.name for one in light}:
            light.append(package)
    return tuple(light), tuple(package for package in building(plan) if package not in light)


def needs_of(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Return, for each package that is built, the others that must be built before it."""
    names = {package.name for package in building(plan)}
    return {
        package.name: tuple(name for name in package.build.host if name in names)
        for package in building(plan)
        if package.build is not None
    }


def guess(package: PackagePlan) -> float:
    """Return how many seconds a build may take that nobody has timed."""
    return HEAVY if is_heavy(package) else LIGHT


def ways(needs: Mapping[str, Iterable[str]], seconds: Mapping[str, float]) -> dict[str, float]:
    """Return the seconds from the start of each build to the end of the last one that waits for it.

    Args:
        needs: by name, those that come before; without circles.
        seconds: how long each takes.
    """
    waiting: dict[str, list[str]] = {name: [] for name in needs}
    for name, before in needs.items():
        for one in before:
            waiting[one].append(name)
    found: dict[str, float] = {}

    def way(name: str) -> float:
        if name not in found:
            found[name] = seconds[name] + max((way(other) for other in waiting[name]), default=0.0)
        return found[name]

    for name in needs:
        way(name)
    return found


def first_missing(package: PackagePlan, failed: Container[str]) -> str | None:
    """Return the first thing that a build needs and that could not be built, None where all is well."""
    host = package.build.host if package.build is not None else ()
    return next((need for need in host if need in failed), None)


def spoilt(needs: Mapping[str, Iterable[str]], failed: str) -> tuple[str, ...]:
    """Return what cannot be built because ``failed`` was not, in no particular order."""
    found = {failed}
    while True:
        more = {name for name, before in needs.items() if name not in found and found & set(before)}
        if not more:
            return tuple(found - {failed})
        found |= more
