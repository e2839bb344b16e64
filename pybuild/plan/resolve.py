"""Which packages, in which release, with which providers: the closure of a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pybuild.errors import PlanError
from pybuild.model.machine import Installed, Machine, PrefixState
from pybuild.model.plan import Download
from pybuild.model.recipe import TOOLS, Recipe, Release
from pybuild.model.request import Spec
from pybuild.model.site import Site, Target
from pybuild.plan.downloads import source_download
from pybuild.plan.effective import Effective, effective
from pybuild.plan.order import in_order
from pybuild.plan.providers import Bound, bind
from pybuild.plan.releases import choose_release, satisfies
from pybuild.plan.specs import parse_requirement
from pybuild.plan.wheels import choose_wheel


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that planning may know.

    Attributes:
        target: what the builds aim at, None where the site has no choice.
        providers: (virtual, provider) pairs that the user chose.
    """

    site: Site
    recipes: Mapping[str, Recipe]
    machine: Machine
    state: PrefixState
    target: Target | None = None
    providers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One package of the closure.

    Attributes:
        keep: the prefix's own package, where it already answers; the other fields are then empty.
        download: source archive or wheel.
        needs: names of packages that must be installed with it.
        because: who asked for it.
    """

    name: str
    because: str
    requested: bool
    recipe: Recipe
    keep: Installed | None = None
    release: Release | None = None
    options: tuple[str, ...] = ()
    effective: Effective | None = None
    download: Download | None = None
    bound: tuple[Bound, ...] = ()
    overlay: tuple[Download, ...] = ()
    needs: tuple[str, ...] = ()
    run: tuple[Spec, ...] = ()
    why: tuple[str, ...] = ()


@dataclass(slots=True)
class Resolver:
    """Collects the closure.

    Attributes:
        python: full version of the prefix's Python.
        asked: the user's own specs by name; they hold as well where another package needs the same one.
    """

    world: World
    python: str
    asked: Mapping[str, Spec]
    rebuild: bool = False
    chosen: dict[str, Chosen] = field(default_factory=dict)

    def want(self, spec: Spec, because: str, *, path: tuple[str, ...] = ()) -> None:
        """Add what answers ``spec`` and, recursively, what that needs.

        Raises:
            PlanError: no recipe, no fitting version, a conflict between two askers, or a cycle.
        """
        if spec.name in path:
            walk = " -> ".join((*path[path.index(spec.name) :], spec.name))
            hint = f"pybuild recipe show {spec.name}"
            raise PlanError(f"recipes need each other in a circle: {walk}", hint=hint)
        if spec.name in self.chosen:
            self._demand_agreement(spec, because)
            return
        requested = spec.name in self.asked
        if requested:
            spec, because = _both(spec, self.asked[spec.name]), "asked for"
        recipe = self._recipe(spec.name, because)
        kept = self._kept(spec, recipe)
        if kept is not None:
            self.chosen[spec.name] = Chosen(
                name=spec.name, because=because, requested=requested, recipe=recipe, keep=kept
            )
            return
        chosen = self._choose(recipe, spec, because, requested)
        for need in (*chosen.run, *(Spec(text=b.recipe, name=b.recipe) for b in chosen.bound if b.recipe)):
            self.want(need, f"needed by {spec.name}", path=(*path, spec.name))
        self.chosen[spec.name] = chosen

    def ordered(self) -> list[Chosen]:
        """Return the closure, each package after what it needs."""
        names = in_order(self.chosen, {name: c.needs for name, c in self.chosen.items()})
        return [self.chosen[name] for name in names]

    def overlay(self, requirements: tuple[str, ...], path: tuple[str, ...]) -> tuple[Download, ...]:
        """Return the wheels that answer build requirements and, recursively, what those need."""
        found: dict[str, Download] = {}
        for text in requirements:
            spec = parse_requirement(text, self.python)
            if spec is not None:
                self._overlay_one(spec, path, found)
        return tuple(found[name] for name in sorted(found))

    def _overlay_one(self, spec: Spec, path: tuple[str, ...], found: dict[str, Download]) -> None:
        if spec.name in path:
            walk = " -> ".join((*path[path.index(spec.name) :], spec.name))
            hint = f"pybuild recipe show {spec.name}"
            raise PlanError(f"recipes need each other in a circle: {walk}", hint=hint)
        if spec.name in found:
            return
        recipe = self._recipe(spec.name, f"build requirement of {path[0]}")
        release = choose_release(recipe, spec, self.python).release
        now = effective(recipe, release, python=self.python, options=(), site=self.world.site.name)
        if now.build.system != "wheel":
            raise PlanError(
                f"{path[0]}: the build requirement {spec.name!r} must have build system 'wheel', "
                f"its recipe has {now.build.system!r}"
            )
        found[spec.name] = self._wheel(recipe, release)
        for text in now.requirements.run:
            need = parse_requirement(text, self.python)
            if need is not None:
                self._overlay_one(need, (*path, spec.name), found)

    def _choose(self, recipe: Recipe, spec: Spec, because: str, requested: bool) -> Chosen:
        release, passed_over = choose_release(recipe, spec, self.python)
        site = self.world.site
        now = effective(recipe, release, python=self.python, options=spec.options, site=site.name)
        bound = tuple(self._bind(virtual) for virtual in now.requirements.virtual)
        run = tuple(need for text in now.requirements.run if (need := parse_requirement(text, self.python)))
        tools = TOOLS.get(now.build.system, ())
        return Chosen(
            name=recipe.name,
            because=because,
            requested=requested,
            recipe=recipe,
            release=release,
            options=spec.options,
            effective=now,
            download=self._download(recipe, release, now),
            bound=bound,
            overlay=self.overlay((*now.requirements.build, *tools), (recipe.name,)),
            needs=tuple(dict.fromkeys([*(n.name for n in run), *(b.recipe for b in bound if b.recipe)])),
            run=run,
            why=(because, *passed_over, *(b.why for b in bound), *now.notes),
        )

    def _bind(self, virtual: str) -> Bound:
        world = self.world
        return bind(
            virtual, world.site, world.machine, world.state, world.recipes,
            choice=dict(world.providers), target=world.target,
        )  # fmt: skip

    def _download(self, recipe: Recipe, release: Release, now: Effective) -> Download:
        if now.build.system == "wheel":
            return self._wheel(recipe, release)
        return source_download(recipe, release)

    def _wheel(self, recipe: Recipe, release: Release) -> Download:
        return choose_wheel(recipe, release, python=self.python, platforms=self.world.machine.platforms)

    def _kept(self, spec: Spec, recipe: Recipe) -> Installed | None:
        """Return the prefix's package if it answers the spec.

        Somebody else's counts where it is only needed and nothing of the site is in it: conda's numpy is as
        good as ours, conda's mpi4py is not.
        """
        if self.rebuild and spec.name in self.asked:
            return None
        needs_no_site = recipe.build.system == "wheel" and not recipe.provides
        foreign = needs_no_site and spec.name not in self.asked
        for package in self.world.state.packages:
            if package.name == spec.name and (package.key is not None or foreign):
                fits = satisfies(package.version, spec.specifier) and set(spec.options) <= set(
                    package.options
                )
                return package if fits else None
        return None

    def _recipe(self, name: str, because: str) -> Recipe:
        if name not in self.world.recipes:
            raise PlanError(
                f"there is no recipe for {name!r} ({because})",
                hint="pybuild recipe list shows what there is; docs/recipes.md says how to write one",
            )
        return self.world.recipes[name]

    def _demand_agreement(self, spec: Spec, because: str) -> None:
        chosen = self.chosen[spec.name]
        version = chosen.keep.version if chosen.keep else chosen.release.version if chosen.release else ""
        options = chosen.keep.options if chosen.keep else chosen.options
        if satisfies(version, spec.specifier) and set(spec.options) <= set(options):
            return
        raise PlanError(
            f"{spec.name} is wanted twice and differently: {chosen.because} chose {version}, "
            f"{because} wants {spec.text!r}",
            hint=f"ask for a version of {spec.name} that both take",
        )


def _both(need: Spec, asked: Spec) -> Spec:
    """Return what the user asked for and another package needs, as one spec."""
    specifiers = dict.fromkeys(part for part in (asked.specifier, need.specifier) if part)
    return Spec(
        text=asked.text,
        name=asked.name,
        options=tuple(sorted({*asked.options, *need.options})),
        specifier=",".join(specifiers),
    )
