"""Choose a release: the newest that fits the Python, the specifier and the options, and say why."""

from __future__ import annotations

import functools
from collections.abc import Collection, Sequence

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from pybuild.errors import PlanError
from pybuild.model.recipe import Recipe, Release
from pybuild.model.request import Spec


def choose_release(recipe: Recipe, spec: Spec, python: str) -> Release:
    """Return the newest release of ``recipe`` that answers ``spec`` on Python ``python``.

    Args:
        python: full version of the prefix's Python.

    Raises:
        PlanError: no such option, no such version, or none for this Python.
    """
    _demand_options(recipe, spec)
    named = _named(recipe, spec)
    passed: list[str] = []
    for release in named:
        reason = misfit(recipe, release, spec.options, python)
        if reason is None:
            return release
        passed.append(f"{release.version} {reason}")
    raise PlanError(
        f"{recipe.name}: no version fits: " + "; ".join(passed[:4]) + (" ..." if len(passed) > 4 else ""),
        hint=_other_pythons(recipe, named, spec.options) or f"pybuild recipe show {recipe.name}",
    )


def satisfies(version: str, specifier: str) -> bool:
    """Return whether ``version`` is within ``specifier``; pre-releases count when they are named."""
    return not specifier or _specifiers(specifier).contains(_version(version), prereleases=True)


@functools.cache
def _specifiers(text: str) -> SpecifierSet:
    return SpecifierSet(text)


@functools.cache
def _version(text: str) -> Version:
    return Version(text)


def newest_first(releases: tuple[Release, ...], favoured: Collection[str] = ()) -> list[Release]:
    """Return the releases, newest first, finished ones before pre-releases, favoured versions before all."""
    key = {release.version: _version(release.version) for release in releases}

    def rank(release: Release) -> tuple[bool, bool, Version]:
        version = key[release.version]
        return release.version in favoured, not version.is_prerelease, version

    return sorted(releases, key=rank, reverse=True)


def newer_than(version: str, releases: tuple[Release, ...]) -> list[Release]:
    """Return the releases after ``version``, newest first; pre-releases only where it is one itself."""
    known = _version(version)
    return [
        release
        for release in newest_first(releases)
        if (new := _version(release.version)) > known and (known.is_prerelease or not new.is_prerelease)
    ]


def _named(recipe: Recipe, spec: Spec) -> list[Release]:
    named = [r for r in newest_first(recipe.releases) if satisfies(r.version, spec.specifier)]
    if not named:
        versions = ", ".join(r.version for r in newest_first(recipe.releases))
        raise PlanError(
            f"{recipe.name}: no version matches {spec.specifier!r}; the recipe has {versions}",
            hint=f"pybuild recipe show {recipe.name}",
        )
    return named


def _demand_options(recipe: Recipe, spec: Spec) -> None:
    known = [option.name for option in recipe.options]
    for name in spec.options:
        if name not in known:
            import difflib

            near = difflib.get_close_matches(name, known, n=1)
            raise PlanError(
                f"{recipe.name}: no option {name!r}; "
                + (f"it has {', '.join(known)}" if known else "it has no options"),
                hint=f"did you mean {recipe.name}[{near[0]}]?"
                if near
                else f"pybuild recipe show {recipe.name}",
            )


def misfit(recipe: Recipe, release: Release, options: Sequence[str], python: str) -> str | None:
    """Return why a release is none for this Python and these options, None where it is."""
    if release.python and not satisfies(python, release.python):
        return f"needs Python {release.python}, the prefix has {python}"
    for option in recipe.options:
        if option.name in options and not satisfies(release.version, option.versions):
            return f"has no option {option.name!r}, which exists for versions {option.versions}"
    return None


_PYTHONS = ("3.14", "3.13", "3.12", "3.11", "3.10", "3.9", "3.8", "3.7", "3.6", "2.7")


def _other_pythons(recipe: Recipe, named: list[Release], options: Sequence[str]) -> str | None:
    """Return which Pythons have a release among these, None where another Python would not help."""
    found = [p for p in _PYTHONS if any(misfit(recipe, r, options, f"{p}.99") is None for r in named)]
    if not found:
        return None
    several = f"{', '.join(found[:-1])} or {found[-1]}" if len(found) > 1 else found[0]
    return f"Python {several} would do: --python {found[0]} with a new --prefix"
