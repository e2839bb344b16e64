"""The wheels of a lock as packages of a plan: recipes that stand in no file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pybuild.model.machine import ChannelPackage
from pybuild.model.plan import Download, PackagePlan, Plan
from pybuild.model.recipe import About, Build, Recipe, Release, Requirements, Source
from pybuild.model.request import Spec
from pybuild.model.stack import LockedWheel
from pybuild.plan.context import Context
from pybuild.plan.effective import Effective
from pybuild.plan.package import plan_package
from pybuild.plan.world import Chosen, World


def wheel_packages(
    wheels: Iterable[LockedWheel], plan: Plan, world: World, held: tuple[ChannelPackage, ...]
) -> tuple[PackagePlan, ...]:
    """Return how each wheel becomes a package, in alphabetical order.

    Args:
        plan: of everything else in the prefix.
        held: what the channel has of the wheels.
    """
    context = Context(
        world=world, python=plan.python, python_identity="", planned=plan.packages, held=held
    )  # fmt: skip
    return tuple(plan_package(_chosen(wheel), context) for wheel in sorted(wheels, key=lambda one: one.name))


def _chosen(wheel: LockedWheel) -> Chosen:
    run = tuple(map(_spec, wheel.requires))
    recipe = _recipe(wheel)
    effective = Effective(
        requirements=Requirements(run=wheel.requires), build=recipe.build, tests=(), notes=()
    )
    because = "the stack file asks for it" if wheel.requested else "the lock has it"
    return Chosen(
        name=wheel.name,
        because=because,
        requested=wheel.requested,
        recipe=recipe,
        release=recipe.releases[0],
        effective=effective,
        download=Download(file=wheel.file, sha256=wheel.sha256, pypi=wheel.name),
        needs=tuple(spec.name for spec in run),
        run=run,
        why=(because,),
    )


def _recipe(wheel: LockedWheel) -> Recipe:
    release = Release(version=wheel.version, wheels=((wheel.file, wheel.sha256),))
    return Recipe(
        name=wheel.name,
        about=About(summary=f"{wheel.file} of the package index", homepage="", license=""),
        source=Source(pypi=wheel.name),
        releases=(release,),
        requirements=Requirements(run=wheel.requires),
        build=Build(system="wheel"),
    )


def _spec(text: str) -> Spec:
    requirement = Requirement(text)
    parts = sorted(map(str, requirement.specifier))
    return Spec(
        text=text,
        name=canonicalize_name(requirement.name),
        specifier=",".join(map(_conda_version, parts)),
    )


def _conda_version(part: str) -> str:
    """Return one clause as conda takes it: ``==1.0.*`` is ``1.0.*`` there, and ``===`` is unknown."""
    if part.startswith("==="):
        return part[1:]
    return part[2:] if part.startswith("==") and part.endswith(".*") else part


def named(wheels: Sequence[LockedWheel]) -> list[str]:
    """Return the names of wheels, to look them up in a channel."""
    return [wheel.name for wheel in wheels]
