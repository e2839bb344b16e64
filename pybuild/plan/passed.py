"""Why a newer release than the chosen one was passed over, in one sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile

from pybuild.model.recipe import Recipe, Release
from pybuild.plan.candidates import Packages
from pybuild.plan.installed import fits
from pybuild.plan.needs import Answer, Candidate, Need, Never, Wish
from pybuild.plan.releases import misfit, newer_than, newest_first
from pybuild.plan.words import ASKED, text_of


def passed_over(
    chosen: Candidate, roots: Sequence[Need], packages: Packages, found: Mapping[str, Answer]
) -> tuple[str, ...]:
    """Return a sentence for each newer release that everybody who wants the package would have taken.

    Whoever upgrades asks for the newest, and is also told who did not want that.

    Args:
        found: the whole answer that the chosen release is a part of.
    """
    recipe = packages.world.recipes[chosen.name]
    newer = _newer(chosen, recipe)
    if chosen.keep is not None and chosen.name in (packages.renewed or ()):
        # It would have been built again, if that were possible.
        newer += [release for release in recipe.releases if release.version == chosen.version]
    if newer and chosen.version in packages.world.favours(chosen.name):
        return (f"{chosen.version} stays as it was locked; {newer[0].version} is newer",)
    mine = [(by, need) for by, need in _wanted_by(roots, packages, found) if need.name == chosen.name]
    told = []
    for release in newer:
        unwanted = next((row for row in mine if not fits(release.version, row[1].specifier)), None)
        if unwanted is None:
            told.append(f"{release.version} {_reason(recipe, release, chosen.options, packages, found)}")
        elif packages.renewed is not None:
            told.append(f"{release.version} does not go: {unwanted[0]} needs {text_of(unwanted[1])}")
    return tuple(told)


def _newer(chosen: Candidate, recipe: Recipe) -> list[Release]:
    if chosen.keep is not None:
        return newer_than(chosen.version, recipe.releases)
    return list(takewhile(lambda r: r.version != chosen.version, newest_first(recipe.releases)))


def _wanted_by(
    roots: Sequence[Need], packages: Packages, found: Mapping[str, Answer]
) -> Iterator[tuple[str, Need]]:
    yield from ((root.because or ASKED, root) for root in roots)
    for answer in found.values():
        by = f"{answer.name} {answer.version}" if isinstance(answer, Candidate) else answer.bound.virtual
        yield from ((by, wish) for wish in packages.wishes_of(answer) if isinstance(wish, Need))


def _reason(
    recipe: Recipe,
    release: Release,
    options: tuple[str, ...],
    packages: Packages,
    found: Mapping[str, Answer],
) -> str:
    reason = misfit(recipe, release, options, packages.python)
    disturbed = packages.disturbs(recipe.name, release.version)
    if reason is not None:
        return reason
    if disturbed is not None:
        return f"does not go: {disturbed}"
    wishes = packages.wishes_of(packages.candidate(recipe, release, options))
    return next(_hindrances(wishes, packages, found), "does not go with the rest")


def _hindrances(wishes: Sequence[Wish], packages: Packages, found: Mapping[str, Answer]) -> Iterator[str]:
    for wish in wishes:
        other = found.get(wish.identifier)
        if isinstance(wish, Never):
            yield f"does not go: {wish.error.message}"
        elif isinstance(wish, Need) and isinstance(other, Candidate) and not packages.meets(wish, other):
            yield f"needs {text_of(wish)}, and here it is {other.name} {other.version}"
