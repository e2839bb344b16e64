"""From a plan to its packages in the channel: in this process, or with a child for each build."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pybuild
from pybuild.captures import captured
from pybuild.errors import Interrupted, PybuildError
from pybuild.holdings import in_use
from pybuild.model.machine import ChannelPackage
from pybuild.ready import as_held, found_by_now, held_packages
from pybuild.run.events import Events
from pybuild.run.order import building, first_missing, is_heavy
from pybuild.sources import fetch_sources

if TYPE_CHECKING:
    from pybuild.build.builder import Workshop
    from pybuild.model.plan import PackagePlan, Plan
    from pybuild.model.run import Progress, RunRecord
    from pybuild.run.folder import RunFolder
    from pybuild.run.plan_file import PlanFile
    from pybuild.run.schedule import Process
    from pybuild.settings import Settings


def build_packages(plan: Plan, files: Mapping[str, Path], settings: Settings) -> dict[str, ChannelPackage]:
    """Build what the plan builds; return every package that goes into the prefix, by name.

    One build that runs commands stays in this process, with whatever light ones there are: a child would do
    the same a second later. More of them get a child each.

    Raises:
        BuildError, VerificationError, ChannelError: some build failed, once every other one that can be
            built is; nothing has touched the prefix.
    """
    ready = held_packages(plan, files)
    if building(plan):
        with _run_of(plan, settings) as (folder, record):
            heavy = [package for package in building(plan) if is_heavy(package)]
            if len(heavy) < 2:
                settings = replace(settings, jobs=record.jobs)
                build_light(building(plan), plan, files, settings, folder, ready)
            else:
                _build_beside(plan, settings, folder, record)
    if missing := [package for package in building(plan) if package.name not in ready]:
        ready |= found_by_now(missing, plan)
    return ready


def build_one(
    content: PlanFile, package: PackagePlan, settings: Settings, events: Events, fifo: str = ""
) -> ChannelPackage:
    """Fetch, build and put one package of a plan file into the channel; if it is there, only return it.

    Args:
        events: told how far it is.
        fifo: the jobserver that it shares with other builds.

    Raises:
        PybuildError: of what failed, as the events have it.
    """
    assert package.build is not None
    plan = content.plan
    settings.captures.update(content.environments())
    events.began()
    host = [p for p in plan.packages if p.name in package.build.host]
    with told(events), in_use(replace(plan, packages=(*host, package))):
        wanted = replace(plan, packages=(*(p for p in host if p.action == "conda"), package))
        files = fetch_sources(wanted, settings)
        ready = {p.name: as_held(p, files) for p in host if p.action != "build" and p.file is not None}
        ready |= found_by_now([p for p in host if p.action == "build"], plan)
        return _build(package, plan, _workshop(files, settings, events, fifo), ready, events)


def build_light(
    packages: tuple[PackagePlan, ...], plan: Plan, files: Mapping[str, Path], settings: Settings,
    folder: RunFolder, ready: dict[str, ChannelPackage],
) -> None:  # fmt: skip
    """Build some packages of a plan in this process, one after the other; a failed one stops no other.

    Args:
        packages: each after what it needs.
        ready: what they may link against; gets what was built.

    Raises:
        PybuildError: some build failed, once every other one that can be built is.
    """
    from pybuild.run.outcome import demand_built

    missing: set[str] = set()
    errors: list[PybuildError | OSError] = []
    for package in packages:
        events = Events(folder.events(package.name, package.key))
        if because := first_missing(package, missing):
            events.skipped(because)
            missing.add(package.name)
            continue
        events.began()
        try:
            with told(events):
                ready[package.name] = _build(package, plan, _workshop(files, settings, events), ready, events)
        except Interrupted:
            raise
        except (PybuildError, OSError) as error:
            errors.append(error)
            missing.add(package.name)
    if errors and len(missing) == 1:
        raise errors[0]  # what held nothing up is the run's own error
    for one in errors:
        settings.report.failed(one if isinstance(one, PybuildError) else _sentence(one))
    if errors:
        demand_built(folder.read())


def captured_content(plan: Plan, settings: Settings) -> PlanFile:
    """Return what a plan file holds of a plan that was made in this run."""
    from pybuild.run.plan_file import PlanFile

    return PlanFile(plan=plan, captures=tuple(settings.captures.values()))


def _build_beside(plan: Plan, settings: Settings, folder: RunFolder, record: RunRecord) -> None:
    """Build everything in children, one for each build.

    Raises:
        BuildError: some build failed, once every other one that can be built is.
    """
    from pybuild.run.jobserver import Jobserver
    from pybuild.run.outcome import demand_built
    from pybuild.run.schedule import Crew

    jobserver = Jobserver(record.jobs)
    places = settings.places
    words = ["--cache", places.cache, "-j", str(record.jobs), "--jobserver", jobserver.path]
    words += ["--mirror", places.mirror] if places.mirror else []
    words += ["--offline"] if places.offline else []

    def start(builds: tuple[Progress, ...]) -> Process:
        return _child(builds, folder, tuple(words), settings)

    try:
        with settings.report.builds() as watch:
            done = Crew(
                folder=folder, record=record, plan=plan, jobserver=jobserver, start=start, watch=watch
            ).work()
    finally:
        jobserver.close()
    demand_built(done)


def _child(
    builds: tuple[Progress, ...], folder: RunFolder, words: tuple[str, ...], settings: Settings
) -> Process:
    from pybuild.process import Worker

    argv = (sys.executable, "-m", "pybuild", "build", str(folder.plan), *(build.key for build in builds))
    with folder.output(builds[0].name).open("ab") as output:
        return Worker(
            (*argv, "--record", str(folder.path), *words), env={**settings.environ, **where_pybuild_is()},
            cwd=str(folder.path), output=output,
        )  # fmt: skip


def where_pybuild_is() -> dict[str, str]:
    """Return what our interpreter must be told to find a pybuild that is not installed in it."""
    home = os.path.dirname(os.path.dirname(os.path.abspath(pybuild.__file__)))
    return {} if home.startswith(f"{sys.prefix}/") else {"PYTHONPATH": home}


@contextmanager
def _run_of(plan: Plan, settings: Settings) -> Iterator[tuple[RunFolder, RunRecord]]:
    """Keep a record of the builds, however they end."""
    from pybuild.run.folder import begin, runs_of
    from pybuild.run.times import write_times

    jobs = _budget(plan, settings)
    folder, record = begin(
        captured_content(plan, settings), settings.places.cache, command=settings.command, jobs=jobs
    )
    try:
        yield folder, record
    finally:
        done = replace(folder.read(), ended=round(time.time(), 3))
        write_times(runs_of(settings.places.cache), done.builds)
        with suppress(OSError):  # a full disk: what stopped the builds says more than the missing record
            folder.write(done)
        settings.report.run_ended(done)


def _budget(plan: Plan, settings: Settings) -> int:
    """Return how many processes may work at once: what the user wants, and the site allows on this node."""
    if not 0 < plan.most_jobs < settings.jobs:
        return settings.jobs
    settings.report.note(
        f"{plan.site} lets builds use {plan.most_jobs} processes on {plan.node} nodes: {plan.most_jobs_why}"
    )
    return plan.most_jobs


@contextmanager
def told(events: Events) -> Iterator[None]:
    """Tell how a build ended that did not end well."""
    try:
        yield
    except PybuildError as error:
        events.failed(error)
        raise
    except KeyboardInterrupt:
        events.failed(Interrupted("interrupted"), "stopped")
        raise
    except OSError as error:
        events.failed(_sentence(error))
        raise


def _sentence(error: OSError) -> PybuildError:
    return PybuildError(f"{error.filename or ''}: {error.strerror or error}".lstrip(": "))


def _build(
    package: PackagePlan, plan: Plan, shop: Workshop, ready: Mapping[str, ChannelPackage], events: Events
) -> ChannelPackage:
    from pybuild.build.builder import build_package

    made = build_package(package, plan, shop, ready)
    events.ended("built" if events.logged else "found")
    return made


def _workshop(files: Mapping[str, Path], settings: Settings, events: Events, fifo: str = "") -> Workshop:
    # The builder costs more to import than an install from the channel takes.
    from pybuild.build.builder import Workshop
    from pybuild.build.stages import choose

    stages, why_not = choose(settings.places.stage, settings.places.cache)
    if why_not:
        settings.report.note(why_not)

    def on_phase(package: str, phase: str) -> None:
        events.phase(phase)
        settings.report.phase(package, phase)

    return Workshop(
        cache=Path(settings.places.cache), jobs=settings.jobs, files=files, fifo=fifo, stages=stages,
        on_phase=on_phase, on_line=settings.report.line, on_log=events.log,
        environment=lambda modules: dict(captured(modules, settings).environment),
    )  # fmt: skip
