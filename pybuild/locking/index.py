"""The index packages of a stack: resolved by pip in the release's own Python, each wheel by its hash."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pybuild.errors import PlanError
from pybuild.locking.scratch import base_of_release, brought_by_conda, made_by_recipes, show_recipes
from pybuild.model.stack import Lock, LockedWheel, Stack
from pybuild.plan.locked_wheels import wheel_packages
from pybuild.plan.wheel_report import locked_wheels
from pybuild.sources import fetch_sources
from pybuild.workflow import Survey

if TYPE_CHECKING:
    from pybuild.model.recipe import Recipe
    from pybuild.settings import Settings


def resolve_index(
    stack: Stack, found: Survey, settings: Settings, older: Lock | None, upgrade: Collection[str]
) -> tuple[LockedWheel, ...]:
    """Return the wheels that the stack's index section comes to; all of them are in the cache then.

    Args:
        found: everything else of the stack.
        older, upgrade: as for :func:`pybuild.locking.make.make_lock`.

    Raises:
        PlanError: the requirements cannot be met by wheels, or only by one that should know this machine.
        FetchError, ChecksumError: the index cannot be asked, or does not give what it says.
    """
    _demand_pip(found)
    prefix = base_of_release(found, settings)
    with TemporaryDirectory(prefix="lock-", dir=settings.places.cache) as folder:
        show_recipes(found, Path(folder, "shown"))
        supplied = {name: name for name in made_by_recipes(found)}
        versions = made_by_recipes(found)
        for name, (version, package) in brought_by_conda(prefix).items():
            supplied.setdefault(name, package)
            versions.setdefault(name, version)
        fixed = [f"{name}=={version}" for name, version in sorted(versions.items())]
        pip = Pip(prefix, Path(folder), stack.index, fixed, settings)
        wheels = locked_wheels(_resolved(pip, stack, older, upgrade, supplied), stack.index, supplied)
    _demand_free(wheels, found)
    _demand_no_recipe(wheels, stack, settings)
    _fetch(wheels, found, settings)
    return wheels


class Pip:
    """pip of one prefix, asked for the same requirements under different constraints."""

    def __init__(
        self, prefix: Path, folder: Path, wanted: Sequence[str], fixed: Sequence[str], settings: Settings
    ) -> None:
        from pybuild.fetch.network import Network

        self.prefix, self.folder = prefix, folder
        self.wanted, self.fixed, self.settings = wanted, fixed, settings
        with Network(settings.environ, offline=settings.places.offline, what="the package index") as network:
            self.config = network.config

    def report(self, pins: Iterable[str]) -> Mapping[str, object]:
        """Return the report of a dry run.

        Raises:
            PlanError, FetchError, ChecksumError: as pip finds it.
        """
        from pybuild.fetch.piprun import dry_run

        return dry_run(
            self.prefix / "bin/python", self.wanted, [*self.fixed, *pins], config=self.config,
            environ=self.settings.environ, folder=self.folder, shown=self.folder / "shown",
        )  # fmt: skip


def _resolved(
    pip: Pip, stack: Stack, older: Lock | None, upgrade: Collection[str], supplied: Mapping[str, str]
) -> Mapping[str, object]:
    """Return pip's report with as many of the older lock's versions as go.

    All of them, else all but those of what was changed and whatever that needs, else none.
    """
    pins = {wheel.name: wheel.version for wheel in older.index} if older else {}
    pins = {name: version for name, version in pins.items() if name not in {*upgrade, *supplied}}
    changed = {
        name
        for text in stack.index
        if (name := canonicalize_name((one := Requirement(text)).name)) not in pins
        or not one.specifier.contains(pins[name], prereleases=True)
    }
    pins = {name: version for name, version in pins.items() if name not in changed}
    if not pins:
        return pip.report(())
    with suppress(PlanError):
        return pip.report(f"{name}=={version}" for name, version in pins.items())
    free = pip.report(())
    touched = _reached(changed | set(upgrade), locked_wheels(free, stack.index, supplied))
    kept = [f"{name}=={version}" for name, version in pins.items() if name not in touched]
    if kept:
        with suppress(PlanError):
            return pip.report(kept)
    return free


def _reached(names: Collection[str], wheels: Sequence[LockedWheel]) -> set[str]:
    """Return the names and everything that their wheels need in turn."""
    needs = {wheel.name: [Requirement(text).name for text in wheel.requires] for wheel in wheels}
    reached, waiting = set[str](), list(names)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += needs.get(name, [])
    return reached


def _demand_pip(found: Survey) -> None:
    """Check that the base's pip can report what it would install, which it can from 22.2 on."""
    version = next((p.version for p in found.plan.packages if p.name == "pip"), "0")
    if tuple(int(part) for part in version.split(".")[:2] if part.isdigit()) < (22, 2):
        raise PlanError(
            f"index: pip {version} is the newest for Python {found.plan.python}, and resolving needs 22.2",
            hint="name a newer Python, or write recipes for these packages: pybuild recipe new NAME --wheel",
        )


def _demand_free(wheels: Sequence[LockedWheel], found: Survey) -> None:
    """Check that no other package of the release has a wheel's name: a conda prefix has each name once."""
    taken = {package.name: package for package in found.plan.packages}
    for wheel in wheels:
        if wheel.name in taken:
            other = taken[wheel.name]
            raise PlanError(
                f"index: {wheel.name} {wheel.version} cannot stand beside {other.name} {other.version} "
                f"of conda or a recipe, which is another thing of the same name",
                hint="take both from the same place",
            )


def _demand_no_recipe(wheels: Sequence[LockedWheel], stack: Stack, settings: Settings) -> None:
    """Check that no wheel is of a package that must be built for the site: its MPI would be another one.

    What a recipe binds only by an option (numpy's own BLAS) is nothing that its wheel lacks.
    """
    from pybuild.load.recipes import RecipeTree

    tree = RecipeTree(settings.places.recipes)
    known = set(tree.names())
    for wheel in wheels:
        recipe: Recipe | None = tree.get(wheel.name) if wheel.name in known else None
        bound = sorted(set(recipe.requirements.virtual) - {"compiler"}) if recipe else []
        if bound:
            by = [w.name for w in wheels if any(Requirement(r).name == wheel.name for r in w.requires)]
            needed = f", which {', '.join(by)} needs," if by else ""
            raise PlanError(
                f"index: {wheel.name}{needed} has a recipe that builds it for this site's "
                f"{' and '.join(bound)}; the wheel of the index knows nothing of them",
                hint=f"add {wheel.name} to recipes in {stack.file}",
            )


def _fetch(wheels: Sequence[LockedWheel], found: Survey, settings: Settings) -> None:
    """Bring every wheel into the cache, which compares its bytes with the hash that is locked."""
    packages = wheel_packages(wheels, found.plan, found.world, ())
    fetch_sources(replace(found.plan, packages=packages), settings)
