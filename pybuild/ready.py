"""Packages of a plan that are there, because they needed no build or are built by now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild.errors import BuildError
from pybuild.model.machine import ChannelPackage
from pybuild.run.order import building
from pybuild.sources import fetch_sources

if TYPE_CHECKING:
    from pybuild.model.plan import PackagePlan, Plan
    from pybuild.settings import Settings


def held_packages(plan: Plan, files: Mapping[str, Path]) -> dict[str, ChannelPackage]:
    """Return the packages of a plan that need no build, by name.

    Args:
        files: fetched files by their sha256.
    """
    return {
        package.name: as_held(package, files)
        for package in plan.packages
        if package.action != "build" and package.file is not None
    }


def found_in_channel(plan: Plan, settings: Settings) -> dict[str, ChannelPackage]:
    """Return every package that goes into the prefix, once all are built.

    Raises:
        BuildError: one of them is not in the channel.
        FetchError, ChecksumError: a conda package cannot be had.
    """
    conda = replace(plan, packages=tuple(p for p in plan.packages if p.action == "conda"))
    files = fetch_sources(conda, settings) if conda.packages else {}
    return held_packages(plan, files) | found_by_now(list(building(plan)), plan)


def as_held(package: PackagePlan, files: Mapping[str, Path]) -> ChannelPackage:
    """Return a package of a channel, or one of conda's that was fetched.

    Args:
        files: fetched files by their sha256.
    """
    file = str(files[package.sha256 or ""]) if package.action == "conda" else package.file
    return ChannelPackage(
        name=package.name, version=package.version, build=package.build_string, key=package.key,
        loose_key=package.loose_key, file=str(file), sha256=package.sha256 or "",
    )  # fmt: skip


def found_by_now(packages: list[PackagePlan], plan: Plan) -> dict[str, ChannelPackage]:
    """Return packages that were built by now, as the channel has them.

    Raises:
        BuildError: one of them is not there.
    """
    from pybuild.channel.folder import find_one

    found = {}
    for package in packages:
        here = find_one(plan.channel, plan.subdir, package.name, package.version, package.build_string)
        if here is None:
            raise BuildError(
                f"{plan.channel}: does not have {package.name} {package.version} {package.build_string}, "
                "which must be built first",
                hint=f"pybuild build PLAN {package.key}",
            )
        found[package.name] = here
    return found
