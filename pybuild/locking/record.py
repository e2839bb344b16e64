"""What a plan pins, as the records of a lock."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable

from pybuild.model.machine import CondaPackage, Machine
from pybuild.model.plan import PackagePlan, Plan
from pybuild.model.stack import Lock, LockedRecipe, LockedSite, LockedWheel, Stack
from pybuild.plan.modules import neutral
from pybuild.plan.world import World
from pybuild.sources import downloads_of


def lock_of(stack: Stack, plan: Plan, world: World, wheels: Iterable[LockedWheel]) -> Lock:
    """Return the lock that a plan comes to.

    Args:
        plan: without the wheels.
        world: what it was made from.
    """
    python = next(package for package in plan.packages if package.name == "python")
    ours = sorted((p for p in plan.packages if p.key and p.name != "python"), key=lambda p: p.name)
    return Lock(
        stack=stack.name,
        declared=declared(stack),
        site=_site(plan, world),
        subdir=plan.subdir,
        python=plan.python,
        interpreter=_interpreter(python, world.machine),
        installer=stack.installer.sha256 if stack.installer else "",
        conda=tuple(_conda(p) for p in sorted(plan.packages, key=lambda p: p.name) if p.action == "conda"),
        index=tuple(sorted(wheels, key=lambda wheel: wheel.name)),
        recipes=tuple(_recipe(package) for package in ours),
    )


def declared(stack: Stack) -> str:
    """Return the SHA-256 of a stack file."""
    return hashlib.sha256(stack.text.encode()).hexdigest()


def _site(plan: Plan, world: World) -> LockedSite:
    wanted = [p.build.modules for p in plan.packages if p.build is not None]
    modules = {
        module
        for capture in world.machine.captures
        if capture.plan in wanted
        for module in capture.loaded
        if not neutral(world.site, module)
    }
    bound = {pair for package in plan.packages for pair in package.identity if pair[1]}
    return LockedSite(
        name=world.site.name,
        digest=hashlib.sha256(world.site.text.encode()).hexdigest(),
        target=plan.target,
        modules=tuple(sorted(modules)),
        identities=tuple(sorted(pair for pair in bound if pair[0] != "compiler")),
        compiler="; ".join(sorted(identity for virtual, identity in bound if virtual == "compiler")),
    )


def _interpreter(python: PackagePlan, machine: Machine) -> str:
    """Return the identity of the machine's Python that the base is made from, ``""`` for conda's."""
    steps = python.build.steps if python.build is not None else ()
    paths = {getattr(step, "interpreter", None) for step in steps}
    return next((one.identity for one in machine.interpreters if one.path in paths), "")


def _conda(package: PackagePlan) -> CondaPackage:
    return CondaPackage(
        name=package.name, version=package.version, build=package.build_string,
        url=package.file or "", sha256=package.sha256 or "", depends=package.depends,
    )  # fmt: skip


def _recipe(package: PackagePlan) -> LockedRecipe:
    sources = {(download.file, download.sha256) for download in downloads_of(package)}
    return LockedRecipe(
        name=package.name,
        version=package.version,
        build=package.build_string,
        key=package.key,
        options=package.options,
        sources=tuple(sorted(sources)),
        digest=recipe_digest(package),
        requested=package.requested,
    )


def recipe_digest(package: PackagePlan) -> str:
    """Return the SHA-256 of a recipe's text and of the files beside it, names included."""
    total = hashlib.sha256(package.recipe_text.encode())
    for folder, folders, files in os.walk(package.directory) if package.directory else ():
        folders[:] = sorted(name for name in folders if name != "__pycache__" and not name.startswith("."))
        for file in sorted(files):
            path = os.path.join(folder, file)
            name = os.path.relpath(path, package.directory)
            if name in ("recipe.yaml", "proof.yaml") or file.startswith(".") or file.endswith("~"):
                continue  # the one is the text, the other says what came of it
            with open(path, "rb") as stream:
                content = hashlib.sha256(stream.read()).hexdigest()
            total.update(f"\n{name} {content}".encode())
    return total.hexdigest()
