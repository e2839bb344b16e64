"""A recipe as it stands for one release, Python, site and choice of options: overrides applied."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pybuild.model.recipe import Build, Check, Condition, Recipe, Release, Requirements
from pybuild.plan.releases import satisfies


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """What holds for one build; ``notes`` names each override that acted, with its reason."""

    requirements: Requirements
    build: Build
    tests: tuple[Check, ...]
    notes: tuple[str, ...]


def effective(
    recipe: Recipe, release: Release, *, python: str, options: tuple[str, ...], site: str
) -> Effective:
    """Return ``recipe`` with every override that applies, in the order the file gives them."""
    requirements, build, tests = recipe.requirements, recipe.build, recipe.tests
    notes: list[str] = []
    for override in recipe.overrides:
        if not holds(override.when, release.version, python, options, site):
            continue
        if override.requirements is not None:
            requirements = replace(requirements, **dict(override.requirements))
        if override.build is not None:
            build = _merged(build, dict(override.build))
        if override.tests is not None:
            tests = override.tests
        if override.reason:
            notes.append(override.reason)
    return Effective(requirements=requirements, build=build, tests=tests, notes=tuple(notes))


def holds(when: Condition, version: str, python: str, options: tuple[str, ...], site: str) -> bool:
    """Return whether a recipe's condition is met."""
    return (
        (when.version is None or satisfies(version, when.version))
        and (when.python is None or satisfies(python, when.python))
        and (when.option is None or when.option in options)
        and (when.site is None or when.site == site)
    )


def _merged(build: Build, change: dict[str, object]) -> Build:
    """Lists and scalars replace; the environment merges by variable."""
    if "env" in change:
        given = dict(change["env"])  # type: ignore[call-overload]
        change = {**change, "env": tuple({**dict(build.env), **given}.items())}
    return replace(build, **change)  # type: ignore[arg-type]
