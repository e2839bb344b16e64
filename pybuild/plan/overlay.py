"""The build requirements of one package: wheels outside every prefix, resolved on their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from pybuild.errors import PlanError
from pybuild.model.plan import Download
from pybuild.model.recipe import Recipe
from pybuild.model.request import Spec
from pybuild.plan.effective import Effective, effective
from pybuild.plan.needs import Answer, Candidate, Need, Never, Wish, need_of, spec_of
from pybuild.plan.order import in_order
from pybuild.plan.releases import choose_release, misfit, newest_first, satisfies
from pybuild.plan.search import search, walk
from pybuild.plan.specs import parse_requirement
from pybuild.plan.wheels import choose_wheel
from pybuild.plan.words import reason_of
from pybuild.plan.world import World

ABI = ("numpy",)
"""Packages with a C interface: what is compiled with one major version does not run with a newer one."""


def overlay(
    owner: str,
    requirements: Sequence[str],
    run: Sequence[Spec],
    world: World,
    python: str,
    rank: Callable[[str], int],
) -> tuple[Download, ...]:
    """Return the wheels that answer build requirements and, recursively, what those need.

    Args:
        owner: name of the package that is built.
        run: what it needs to run: where it compiles against such a package, both must hold.
        rank: place of a name in the asking order.

    Raises:
        PlanError: they do not go together, one is no wheel or has none that fits, or they form a circle.
    """
    limits = {spec.name: spec.specifier for spec in run if spec.name in ABI}
    wishes = []
    for text in requirements:
        spec = parse_requirement(text, python)
        if spec is not None:
            wishes.append(_limited(need_of(spec, f"the build of {owner}"), limits, world))
    shop = Wheels(owner, world, python, rank)
    roots = [shop.checked(wish, f"build requirement of {owner}") for wish in wishes]
    found = search(roots, shop)
    if found is None:
        raise reason_of(walk(roots, shop), world.recipes, python)
    chosen = {name: answer for name, answer in found.items() if isinstance(answer, Candidate)}
    needs = {name: [w.identifier for w in shop.wishes_of(c)] for name, c in chosen.items()}
    in_order(chosen, needs)  # names a circle
    return tuple(shop.wheel(chosen[name]) for name in sorted(chosen))


def runtime_limit(spec: Spec, files: Sequence[Download]) -> Spec:
    """Return a run requirement that also keeps the major version which the build was compiled with."""
    for download in files if spec.name in ABI else ():
        name, version = download.file.split("-")[:2]
        if name == spec.name:
            limit = f"<{int(version.split('.')[0]) + 1}"
            if satisfies(f"{limit[1:]}.0", spec.specifier):
                joined = ",".join(part for part in (spec.specifier, limit) if part)
                return Spec(text=spec.text, name=spec.name, options=spec.options, specifier=joined)
    return spec


def _limited(need: Need, limits: dict[str, str], world: World) -> Need:
    """Return a build requirement that keeps to what the package runs with, where a release does both."""
    recipe = world.recipes.get(need.name)
    both = ",".join(part for part in (need.specifier, limits.get(need.name, "")) if part)
    if recipe is None or not any(satisfies(release.version, both) for release in recipe.releases):
        return need
    return replace(need, specifier=both)


class Wheels:
    """What build requirements can be chosen from: wheels of recipes, whatever the prefix has."""

    def __init__(self, owner: str, world: World, python: str, rank: Callable[[str], int]) -> None:
        self.owner, self.world, self.python = owner, world, python
        self.rank = rank
        self._made: dict[tuple[str, str], Candidate] = {}
        self._wishes: dict[Candidate, tuple[Wish, ...]] = {}

    def answers(self, wishes: Sequence[Wish]) -> Sequence[Answer]:
        """Return the releases that meet all wishes, newest first."""
        needs = [wish for wish in wishes if isinstance(wish, Need)]
        if len(needs) < len(wishes):
            return ()
        recipe = self.world.recipes[needs[0].name]
        releases = newest_first(recipe.releases, self.world.favours(recipe.name))
        fitting = (r for r in releases if misfit(recipe, r, (), self.python) is None)
        found = []
        for release in fitting:
            key = (recipe.name, release.version)
            if key not in self._made:
                self._made[key] = Candidate(name=recipe.name, version=release.version, release=release)
            if all(self.meets(need, self._made[key]) for need in needs):
                found.append(self._made[key])
        return found

    def meets(self, wish: Wish, answer: Answer) -> bool:
        """Return whether a release is within what is wished."""
        assert isinstance(answer, Candidate)
        return isinstance(wish, Need) and satisfies(answer.version, wish.specifier)

    def wishes_of(self, answer: Answer) -> Sequence[Wish]:
        """Return what a wheel needs to run, or why it cannot be taken."""
        assert isinstance(answer, Candidate)
        if answer not in self._wishes:
            self._wishes[answer] = tuple(self._wishes_of(answer))
        return self._wishes[answer]

    def checked(self, need: Need, because: str) -> Wish:
        """Return a need, or why it can never be met.

        Args:
            because: what a message says about it.
        """
        recipe = self.world.recipes.get(need.name)
        if recipe is None:
            return Never(error=no_recipe(need.name, because))
        try:
            choose_release(recipe, spec_of(need), self.python)
        except PlanError as error:
            return Never(error=PlanError(f"{error.message} ({because})", hint=error.hint))
        return need

    def wheel(self, candidate: Candidate) -> Download:
        """Return the file of a release.

        Raises:
            PlanError: none fits this Python and machine.
        """
        assert candidate.release is not None
        recipe = self.world.recipes[candidate.name]
        platforms = self.world.machine.platforms
        return choose_wheel(recipe, candidate.release, python=self.python, platforms=platforms)

    def _wishes_of(self, candidate: Candidate) -> list[Wish]:
        recipe = self.world.recipes[candidate.name]
        now = self._effective(recipe, candidate)
        if now.build.system != "wheel":
            sentence = (
                f"{self.owner}: the build requirement {candidate.name!r} must have build system 'wheel', "
                f"its recipe has {now.build.system!r}"
            )
            return [Never(error=PlanError(sentence))]
        try:
            self.wheel(candidate)
        except PlanError as error:
            return [Never(error=error)]
        specs = (parse_requirement(text, self.python) for text in now.requirements.run)
        because = f"needed by {candidate.name} for the build of {self.owner}"
        return [self.checked(need_of(spec), because) for spec in specs if spec is not None]

    def _effective(self, recipe: Recipe, candidate: Candidate) -> Effective:
        assert candidate.release is not None
        site = self.world.site.name
        return effective(recipe, candidate.release, python=self.python, options=(), site=site)


def no_recipe(name: str, because: str) -> PlanError:
    """Return the error for a name that no recipe has."""
    return PlanError(
        f"there is no recipe for {name!r} ({because})",
        hint="pybuild recipe list shows what there is; docs/recipes.md says how to write one",
    )
