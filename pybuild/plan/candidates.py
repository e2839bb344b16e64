"""What a prefix's packages can be chosen from: what it has, the site's channels, the recipes' releases."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pybuild.errors import PlanError
from pybuild.model.machine import Installed
from pybuild.model.plan import Download
from pybuild.model.recipe import TOOLS, Recipe, Release
from pybuild.model.request import Spec
from pybuild.plan.downloads import source_download
from pybuild.plan.effective import Effective, effective
from pybuild.plan.graph import asking_order, reachable
from pybuild.plan.installed import fits, standing_needs
from pybuild.plan.needs import Answer, Candidate, Need, Never, Seek, Supply, Wish, need_of
from pybuild.plan.overlay import no_recipe, overlay, runtime_limit
from pybuild.plan.providers import bindings
from pybuild.plan.releases import misfit, newer_than, newest_first
from pybuild.plan.specs import parse_requirement
from pybuild.plan.wheels import choose_wheel
from pybuild.plan.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A release as it would be built: what holds for it, its file, its build and run requirements."""

    effective: Effective
    download: Download
    overlay: tuple[Download, ...]
    run: tuple[Spec, ...]


class Packages:
    """The universe of one prefix.

    Args:
        python: full version of the prefix's Python.
        asked: names that the user asked for.
        rebuild: what was asked for is not kept.
        renewed: installed packages of ours that an upgrade makes of recipes anew: what was asked for of the
            newest release, others of the one that is there. None where nothing is upgraded.
    """

    def __init__(
        self,
        world: World,
        python: str,
        asked: Sequence[str],
        *,
        rebuild: bool,
        renewed: Collection[str] | None = None,
    ) -> None:
        self.world, self.python, self.rebuild = world, python, rebuild
        self.asked, self.renewed = frozenset(asked), renewed
        self.there = {package.name: package for package in world.state.packages}
        self.offers = {p.name: p for p in (*world.machine.base, *world.machine.offers)}
        self.standing = _standing(world, {*asked, *(renewed or ())})
        self._ranks: dict[str, int] | None = None
        self._made: dict[tuple[str, str, str, tuple[str, ...]], Candidate] = {}
        self._supplies: dict[str, tuple[Supply, ...]] = {}
        self._wishes: dict[Answer, tuple[Wish, ...]] = {}
        self._prepared: dict[Candidate, Prepared] = {}

    def rank(self, identifier: str) -> int:
        """Return the place of an identifier in the asking order."""
        if self._ranks is None:
            roots = [*sorted(self.asked, reverse=True), *self.world.recipes]
            self._ranks = asking_order(roots, self.world.recipes, self.world.site)
        return self._ranks.get(identifier, len(self._ranks))

    def requested(self, name: str) -> bool:
        """Return whether the user asks for it, or once did and it now changes with what is upgraded."""
        before = self.renewed is not None and name in self.there and self.there[name].requested
        return name in self.asked or before

    def answers(self, wishes: Sequence[Wish]) -> Sequence[Answer]:
        """Return what meets all wishes: the prefix's own, a channel's, then releases, newest first."""
        first = wishes[0]
        if isinstance(first, Seek):
            return self.supplies(first.virtual)
        needs = [wish for wish in wishes if isinstance(wish, Need)]
        if not needs or len(needs) < len(wishes):
            return ()
        options = tuple(sorted({option for need in needs for option in need.options}))
        found = self._candidates(self.world.recipes[needs[0].name], options)
        return [one for one in found if all(self.meets(need, one) for need in needs)]

    def meets(self, wish: Wish, answer: Answer) -> bool:
        """Return whether an answer is one to this wish."""
        if isinstance(answer, Supply):
            return isinstance(wish, Seek)
        return (
            isinstance(wish, Need)
            and fits(answer.version, wish.specifier)
            and set(wish.options) <= set(answer.options)
            and not set(wish.without) & set(answer.options)
        )

    def wishes_of(self, answer: Answer) -> Sequence[Wish]:
        """Return what an answer needs in turn, or why it cannot be taken."""
        if answer not in self._wishes:
            try:
                self._wishes[answer] = tuple(self._wishes_of(answer))
            except PlanError as error:
                self._wishes[answer] = (Never(error=error),)
        return self._wishes[answer]

    def supplies(self, virtual: str) -> tuple[Supply, ...]:
        """Return the providers of a virtual that are there, best first.

        Raises:
            PlanError: none is.
        """
        if virtual not in self._supplies:
            world, asked = self.world, self.asked
            found = bindings(
                virtual, world.site, world.machine, world.state, world.recipes,
                choice=dict(world.providers), target=world.target,
                asked=asked, rebuilt=asked if self.rebuild else (),
            )  # fmt: skip
            self._supplies[virtual] = tuple(Supply(bound=bound) for bound in found)
        return self._supplies[virtual]

    def prepared(self, candidate: Candidate) -> Prepared:
        """Return how a release would be built.

        Raises:
            PlanError: it cannot be.
        """
        if candidate not in self._prepared:
            self._prepared[candidate] = self._prepare(candidate)
        return self._prepared[candidate]

    def demand_recipes(self, roots: Sequence[Need]) -> None:
        """Check that everything at the root has a recipe.

        Raises:
            PlanError: something has none.
        """
        for root in roots:
            if root.name not in self.world.recipes:
                raise no_recipe(root.name, root.because)

    def candidate(self, recipe: Recipe, release: Release, options: tuple[str, ...]) -> Candidate:
        """Return a release, built with these options, as a candidate."""
        return self._make(recipe.name, release.version, "recipe", options, release=release)

    def _candidates(self, recipe: Recipe, options: tuple[str, ...]) -> Iterator[Candidate]:
        kept = self._kept(recipe)
        again = kept is not None and recipe.name in (self.renewed or ())
        if kept is not None:
            if again:
                options = tuple(sorted({*options, *kept.options}))
                yield from self._built(recipe, self._renewals(recipe, kept), options)
            yield self._make(recipe.name, kept.version, "prefix", kept.options, keep=kept)
        if again and recipe.name in self.asked:
            return  # who asks for newer releases gets no older one
        offer = self.offers.get(recipe.name)
        if offer is not None and not options and self._needs_no_site(recipe):
            yield self._make(recipe.name, offer.version, "conda", (), foreign=offer)
        releases = newest_first(recipe.releases, self.world.favours(recipe.name))
        yield from self._built(recipe, releases, options)

    def _renewals(self, recipe: Recipe, kept: Installed) -> Iterator[Release]:
        if recipe.name in self.asked:
            yield from newer_than(kept.version, recipe.releases)
        yield from (release for release in recipe.releases if release.version == kept.version)

    def _built(
        self, recipe: Recipe, releases: Iterable[Release], options: tuple[str, ...]
    ) -> Iterator[Candidate]:
        known = {option.name for option in recipe.options}
        for release in releases if known.issuperset(options) else ():
            if (
                misfit(recipe, release, options, self.python) is None
                and self.disturbs(recipe.name, release.version) is None
            ):
                yield self.candidate(recipe, release, options)

    def _make(
        self, name: str, version: str, origin: str, options: tuple[str, ...], **given: object
    ) -> Candidate:
        key = (name, version, origin, options)
        if key not in self._made:
            self._made[key] = Candidate(name=name, version=version, options=options, **given)  # type: ignore[arg-type]
        return self._made[key]

    def _kept(self, recipe: Recipe) -> Installed | None:
        """Return the prefix's package if it can count.

        Somebody else's counts where it is only needed and nothing of the site is in it: conda's numpy is as
        good as ours, conda's mpi4py is not.
        """
        package = self.there.get(recipe.name)
        if package is None or (self.rebuild and recipe.name in self.asked):
            return None
        return package if package.key is not None or self._needs_no_site(recipe) else None

    def _needs_no_site(self, recipe: Recipe) -> bool:
        ours = recipe.requirements.virtual or recipe.provides or recipe.name in self.asked
        return recipe.build.system == "wheel" and not ours

    def disturbs(self, name: str, version: str) -> str | None:
        """Return which installed package that nobody asks about would lose what it needs, None where none."""
        for package, need in self.standing.get(name, ()):
            if not fits(version, need.specifier):
                return f"{package.name} {package.version} of the prefix needs {name} {need.specifier}"
        return None

    def _wishes_of(self, answer: Answer) -> Iterator[Wish]:
        if isinstance(answer, Supply):
            if answer.bound.recipe is not None:
                bound = answer.bound
                yield Need(name=answer.bound.recipe, options=bound.options, without=bound.without)
        elif answer.keep is not None:
            for need in standing_needs(answer.keep):
                if need.name in self.world.recipes:  # one that is gone is brought back
                    yield need
        elif answer.release is not None:
            prepared = self.prepared(answer)
            for virtual in prepared.effective.requirements.virtual:
                self.supplies(virtual)
                yield Seek(virtual=virtual)
            for spec in prepared.run:
                if spec.name not in self.world.recipes:
                    raise no_recipe(spec.name, f"needed by {answer.name}")
                yield need_of(spec)

    def _prepare(self, candidate: Candidate) -> Prepared:
        assert candidate.release is not None
        recipe, release = self.world.recipes[candidate.name], candidate.release
        site, platforms = self.world.site.name, self.world.machine.platforms
        now = effective(recipe, release, python=self.python, options=candidate.options, site=site)
        if now.build.system == "wheel":
            download = choose_wheel(recipe, release, python=self.python, platforms=platforms)
        else:
            download = source_download(recipe, release)
        run = [s for text in now.requirements.run if (s := parse_requirement(text, self.python)) is not None]
        build = (*now.requirements.build, *TOOLS.get(now.build.system, ()))
        files = overlay(recipe.name, build, run, self.world, self.python, self.rank) if build else ()
        limited = tuple(runtime_limit(spec, files) for spec in run)
        return Prepared(effective=now, download=download, overlay=files, run=limited)


def _standing(world: World, asked: Collection[str]) -> Mapping[str, list[tuple[Installed, Need]]]:
    """Return what installed packages need that this request cannot come to change, by name of the need."""
    known = [package for package in world.state.packages if package.depends]
    if not known:
        return {}
    touched = reachable(asked, world.recipes, world.site)
    found: dict[str, list[tuple[Installed, Need]]] = {}
    for package in known:
        for need in standing_needs(package) if package.name not in touched else ():
            found.setdefault(need.name, []).append((package, need))
    return found
