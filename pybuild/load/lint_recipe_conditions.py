"""Checks of a recipe's conditions: each can be read, can hold, and does something when it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from pybuild.load.document import KeyPath
from pybuild.load.lint import Finding
from pybuild.load.readable import conditions, is_specifier, not_a_specifier
from pybuild.model.recipe import Recipe, Release

# The Pythons that a specifier may be about; one that matches none of them is a slip.
# Nearly every specifier matches one of the first few.
_LIKELY = ("3.12.5", "3.11.5", "3.13.5", "3.9.5", "3.7.5", "2.7.18")
_PYTHONS = tuple(
    map(
        Version,
        (*_LIKELY, *(f"3.{minor}.{patch}" for minor in range(3, 20) for patch in range(25))),
    )
)


def specifiers(recipe: Recipe) -> Iterator[Finding]:
    """Every specifier can be read; those about Python match one, those about versions match a version."""
    versions = tuple(release.version for release in recipe.releases)
    for release in recipe.releases:
        yield from _specifier(("versions", release.version, "python"), release.python, None)
    for option in recipe.options:
        yield from _specifier(("options", option.name, "versions"), option.versions, versions)
    for when, condition in conditions(recipe):
        dead = f", so the {_kind(when)} is dead"
        yield from _specifier((*when, "version"), condition.version or "", versions, dead)
        yield from _specifier((*when, "python"), condition.python or "", None)


def _specifier(
    path: KeyPath, text: str, versions: tuple[str, ...] | None, dead: str = ""
) -> Iterator[Finding]:
    """Yield what is wrong with a specifier of versions, or of Pythons where there are none."""
    matched = _matches(text, versions)
    if matched is None:
        yield path, not_a_specifier(text)
    elif not matched:
        yield path, f'"{text}" matches no {"Python" if versions is None else "version of this recipe" + dead}'


@lru_cache(maxsize=1024)
def _matches(text: str, versions: tuple[str, ...] | None) -> bool | None:
    """Return whether any candidate fits, None where the specifier cannot be read."""
    if not is_specifier(text):
        return None
    specifier = SpecifierSet(text)
    candidates: Sequence[str | Version] = _PYTHONS if versions is None else versions
    return any(specifier.contains(candidate, prereleases=True) for candidate in candidates)


@lru_cache(maxsize=1024)
def _meet(one: str, other: str) -> bool:
    """Return whether a Python fits both specifiers."""
    both = SpecifierSet(one) & SpecifierSet(other)
    return any(both.contains(python, prereleases=True) for python in _PYTHONS)


def conditions_hold(recipe: Recipe) -> Iterator[Finding]:
    """A condition's parts can be true at once: there is a release for this Python with this option."""
    offered = {option.name: option.versions for option in recipe.options}
    for when, condition in conditions(recipe):
        parts = (condition.version or "", offered.get(condition.option or "", ""))
        texts = (*parts, condition.python or "", *(release.python for release in recipe.releases))
        if not all(map(is_specifier, texts)):
            continue  # another check tells of what cannot be read
        fitting = [r for r in recipe.releases if all(_matches(part, (r.version,)) for part in parts)]
        alone = [r for r in recipe.releases if _matches(parts[0], (r.version,))]
        if alone and not fitting:
            yield when, f'never holds: no version "{parts[0]}" has the option {condition.option}'
        elif fitting and condition.python and not _any_python(fitting, condition.python):
            yield when, f'never holds: no version that it is about works with Python "{condition.python}"'


def _any_python(releases: Sequence[Release], python: str) -> bool:
    return any(_meet(release.python, python) for release in releases)


def options_declared(recipe: Recipe) -> Iterator[Finding]:
    """Conditions name declared options; a change for one site says why."""
    names = {option.name for option in recipe.options}
    for when, condition in conditions(recipe):
        if condition.option is not None and condition.option not in names:
            known = f"declared are {', '.join(sorted(names))}" if names else "the recipe declares none"
            yield (*when, "option"), f'undeclared option "{condition.option}"; {known}'
    for number, override in enumerate(recipe.overrides):
        if override.when.site is not None and not override.reason:
            yield ("overrides", number), "an override for one site needs a reason"


def options_used(recipe: Recipe) -> Iterator[Finding]:
    """Every option changes something."""
    used = {condition.option for _when, condition in conditions(recipe)}
    for option in recipe.options:
        if option.name not in used:
            yield (
                ("options", option.name),
                "changes nothing: no override, patch, source or module operation is for it",
            )


def overrides_change(recipe: Recipe) -> Iterator[Finding]:
    """Every override changes something when its condition holds."""
    for number, override in enumerate(recipe.overrides):
        if override.requirements is None and override.build is None and override.tests is None:
            yield ("overrides", number), "changes nothing: it has no requirements, build or tests"


def _kind(when: KeyPath) -> str:
    return {"overrides": "override", "modules": "entry", "sources": "source", "patches": "patch"}[
        str(when[0])
    ]
