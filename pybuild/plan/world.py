"""What the resolver looks at, and what it answers for each package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pybuild.model.machine import CondaPackage, Installed, Machine, PrefixState
from pybuild.model.plan import Download
from pybuild.model.providers import Target
from pybuild.model.recipe import Recipe, Release
from pybuild.model.request import Spec
from pybuild.model.site import Site
from pybuild.plan.effective import Effective
from pybuild.plan.providers import Bound


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that planning may know.

    Attributes:
        target: what the builds aim at, None where the site has no choice.
        providers: (virtual, provider) pairs that the user chose.
        favoured: (recipe, version) of releases that are taken before newer ones.
    """

    site: Site
    recipes: Mapping[str, Recipe]
    machine: Machine
    state: PrefixState
    target: Target | None = None
    providers: tuple[tuple[str, str], ...] = ()
    favoured: frozenset[tuple[str, str]] = frozenset()

    def favours(self, name: str) -> frozenset[str]:
        """Return the versions of a recipe that are taken before newer ones."""
        return frozenset(version for recipe, version in self.favoured if recipe == name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One package of the closure.

    Attributes:
        keep: the prefix's own package, where it already answers; the other fields are then empty.
        foreign: what a conda channel of the site offers, where that is taken; most fields are then empty.
        download: source archive or wheel.
        needs: names of packages that must be installed with it.
        because: who asked for it.
        why: for people: releases passed over, and for what is built its providers and the recipe's notes.
    """

    name: str
    because: str
    requested: bool
    recipe: Recipe
    keep: Installed | None = None
    foreign: CondaPackage | None = None
    release: Release | None = None
    options: tuple[str, ...] = ()
    effective: Effective | None = None
    download: Download | None = None
    bound: tuple[Bound, ...] = ()
    overlay: tuple[Download, ...] = ()
    needs: tuple[str, ...] = ()
    run: tuple[Spec, ...] = ()
    why: tuple[str, ...] = ()
