"""What the last job of a run does: install what the others built, and prove it on the nodes that it has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild.building import told
from pybuild.commit import finish_interrupted, install, locked
from pybuild.holdings import in_use
from pybuild.prefix.state import read_state
from pybuild.ready import found_in_channel
from pybuild.run.events import Events
from pybuild.run.plan_file import read_plan_file
from pybuild.verification import verify
from pybuild.workflow import publish

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pybuild.model.machine import ChannelPackage
    from pybuild.model.plan import Plan
    from pybuild.run.folder import RunFolder
    from pybuild.settings import Settings


def install_run(folder: RunFolder, settings: Settings) -> tuple[tuple[str, str], ...]:
    """Install the packages of a run and return (name, level reached) of what was asked for.

    A job that had to make room begins anew: what it had installed is only proven.

    Raises:
        PybuildError: a package is missing, the prefix cannot be changed, or a check failed.
    """
    plan = read_plan_file(folder.plan).plan
    events = told_by(folder)
    events.began()
    with told(events):
        events.phase("install")
        finish_interrupted(plan.prefix, settings)
        changing = tuple(package for package in plan.packages if package.action != "keep")
        with in_use(replace(plan, packages=changing)):
            try:
                ready = found_in_channel(plan, settings)
                if not _is_there([ready[package.name] for package in changing], plan):
                    install(plan, ready, settings)
            finally:
                publish(plan, settings)
        events.phase("verify")
        with locked(Path(plan.prefix), settings):
            levels = verify(Path(plan.prefix), plan.to_prove(), None, settings)
    events.ended("built")
    return levels


def told_by(folder: RunFolder) -> Events:
    """Return the file in which the installation of a run tells how far it is."""
    return Events(folder.events("install", "install"))


def _is_there(packages: Iterable[ChannelPackage], plan: Plan) -> bool:
    """Return whether a prefix has exactly these packages under their names, and what goes is gone."""
    found = {package.name: (package.version, package.build) for package in read_state(plan.prefix).packages}
    gone = all(name not in found for name, *_ in plan.removes)
    return gone and all(found.get(one.name) == (one.version, one.build) for one in packages)
