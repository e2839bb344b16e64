"""Why a newer release than the chosen one was passed over, in one sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile

from pybuild.model.recipe import Recipe, Release
from pybuild.plan.candidates import Packages
from pybuild.plan.installed import fits
from pybuild.plan.needs import Answer, Candidate, Need, Never, Wish
from pybuild.plan.releases import misfit, newest_first
from pybuild.plan.words import text_of


def passed_over(
    chosen: Candidate, roots: Sequence[Wish], packages: Packages, found: Mapping[str, Answer]
) -> tuple[str, ...]:
    """Return a sentence for each newer release that everybody who wants the package would have taken.

    Args:
        found: the whole answer that the chosen release is a part of.
    """
    recipe = packages.world.recipes[chosen.name]
    newer = list(takewhile(lambda r: r.version != chosen.version, newest_first(recipe.releases)))
    if not newer:
        return ()
    if chosen.version in packages.world.favours(chosen.name):
        return (f"{chosen.version} stays as it was locked; {newer[0].version} is newer",)
    wishes = [*roots, *(wish for answer in found.values() for wish in packages.wishes_of(answer))]
    mine = [wish for wish in wishes if isinstance(wish, Need) and wish.name == chosen.name]
    wanted = [r for r in newer if all(fits(r.version, need.specifier) for need in mine)]
    return tuple(
        f"{release.version} {_reason(recipe, release, chosen.options, packages, found)}" for release in wanted
    )


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
