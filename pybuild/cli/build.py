"""``pybuild build``: single packages of a plan file, as the scheduler and batch jobs start it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild.cli.progress import Screen
from pybuild.cli.settings import named_file, settings_of
from pybuild.cli.text import explain, paint, put, say
from pybuild.cli.warning import warned
from pybuild.errors import PybuildError

if TYPE_CHECKING:
    import argparse

    from pybuild.model.machine import ChannelPackage
    from pybuild.model.plan import PackagePlan
    from pybuild.run.events import Events
    from pybuild.run.folder import RunFolder


def build(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Build packages of a plan file into its channel; what is there already is only named.

    Raises:
        UsageError: there is no such file.
        PlanError: the file is no plan of this pybuild, or has no such package.
        PybuildError: of the first build that failed, once the others are done.
    """
    from pybuild.building import build_one
    from pybuild.run.events import Events
    from pybuild.run.folder import RunFolder
    from pybuild.run.plan_file import package_of, read_plan_file

    path = Path(named_file("plan file", arguments.plan))
    content = read_plan_file(path)
    packages = [package_of(content, key, path) for key in arguments.keys]
    folder = RunFolder(Path(arguments.record)) if arguments.record else None
    left = {package.name: package for package in packages}
    events = {
        name: Events(folder.events(name, package.key) if folder else None) for name, package in left.items()
    }
    failed = _failed_before(folder) - left.keys()  # a job that had to make room begins anew

    def stopped(error: PybuildError) -> None:
        for name in left:
            events[name].failed(error, "stopped")

    with Screen(verbose=arguments.verbose) as screen, warned("build", stopped):
        settings = settings_of(arguments, environ, screen)
        rows, first = _each(
            left, events, failed,
            lambda package: build_one(content, package, settings, events[package.name], arguments.jobserver),
        )  # fmt: skip
    if arguments.json:
        names = ("name", "version", "build", "key", "file", "sha256")
        put(json.dumps([{name: getattr(row, name) for name in names} for row in rows]))
    else:
        for row in rows:
            say(f"{paint('done:', 'green')} {row.name} {row.version} is in the channel: {row.file}")
    if first is not None:
        raise first
    return 0


def _each(
    left: dict[str, PackagePlan], events: Mapping[str, Events], failed: set[str],
    build: Callable[[PackagePlan], ChannelPackage],
) -> tuple[list[ChannelPackage], PybuildError | None]:  # fmt: skip
    """Build one package after the other, and go on after a failure with what does not need it.

    Args:
        left: what is to be built; what is over leaves it.
        failed: names of what could not be built, here or elsewhere; gets more.

    Returns:
        What is in the channel now, and the first failure.
    """
    from pybuild.run.order import first_missing

    rows: list[ChannelPackage] = []
    first: PybuildError | None = None
    for name, package in list(left.items()):
        if because := first_missing(package, failed):
            events[name].skipped(because)
            failed.add(name)
        else:
            try:
                rows.append(build(package))
            except PybuildError as error:
                failed.add(name)
                if first is not None:
                    say(explain(first).rstrip())
                first = error
        del left[name]
    return rows, first


def _failed_before(folder: RunFolder | None) -> set[str]:
    """Return what other jobs of the same run could not build."""
    if folder is None:
        return set()
    return {build.name for build in folder.read().builds if build.state in ("failed", "stopped", "skipped")}
