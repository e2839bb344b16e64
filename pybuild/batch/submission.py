"""Hand the builds of a plan over to the site's batch system: a job for each, and a last one that installs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild.building import build_light, captured_content, held_packages
from pybuild.elsewhere import errand_of
from pybuild.errors import BuildError, UsageError, VerificationError
from pybuild.model.run import Progress, RunRecord
from pybuild.run.folder import RunFolder, begin
from pybuild.run.order import apart, building
from pybuild.sources import fetch_sources
from pybuild.verify.job import submit

if TYPE_CHECKING:
    from pybuild.batch.queue import Queue
    from pybuild.model.plan import Plan
    from pybuild.model.site import Launcher, Site
    from pybuild.settings import Settings

WARNING = 60
"""Seconds before a job's end at which its build is told to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitter:
    """What is the same for every job of a run.

    Attributes:
        options: the user's words for the command that takes jobs, which overrule the site's.
        jobs: processes that each build may use, None for what its node has.
    """

    folder: RunFolder
    site: Site
    settings: Settings
    options: tuple[str, ...]
    jobs: int | None = None

    def submit_build(self, build: Progress, after: tuple[str, ...]) -> str:
        """Submit one build and return the job's number.

        Args:
            after: numbers of jobs that must end well first.

        Raises:
            BuildError: in the batch system's own words.
        """
        places = self.settings.places
        argv = ["build", str(self.folder.plan), build.key, "--record", str(self.folder.path)]
        argv += ["--cache", places.cache, *(["-j", str(self.jobs)] if self.jobs else [])]
        argv += ["--mirror", places.mirror] if places.mirror else []
        argv += ["--offline"] if places.offline else []
        return self._submit(build.name, argv, after)

    def submit_last(self, after: tuple[str, ...]) -> str:
        """Submit the installation of everything and return the job's number."""
        places = self.settings.places
        argv = ["jobs", "install", self.folder.path.name, "--cache", places.cache, "--site", self.site.name]
        argv += [word for directory in places.sites for word in ("--sites", directory)]
        argv += [word for directory in places.recipes for word in ("--recipes", directory)]
        return self._submit("install", argv, after)

    def _submit(self, name: str, argv: list[str], after: tuple[str, ...]) -> str:
        folder = self.folder.path / "jobs" / name
        folder.mkdir(parents=True, exist_ok=True)
        options = [f"--job-name=pybuild-{name}", "--requeue", f"--signal=B:USR1@{WARNING}"]
        options += [f"--dependency=afterok:{':'.join(after)}"] if after else []
        errand = errand_of(
            folder, (sys.executable, "-m", "pybuild", *argv), (*options, *self.options), self.site,
            self.settings,
        )  # fmt: skip
        try:
            return submit(errand, launcher_of(self.site))
        except VerificationError as error:
            raise BuildError(error.message, hint=error.hint) from error


def launcher_of(site: Site) -> Launcher:
    """Return the launcher of a site that takes jobs.

    Raises:
        UsageError: it has none.
    """
    if site.launcher is None or not site.launcher.submit:
        raise UsageError(
            f"site {site.name} names no command that takes batch jobs (launcher.submit)",
            hint="leave out --on slurm, or type the same inside an allocation",
        )
    return site.launcher


def submit_run(
    plan: Plan, site: Site, settings: Settings, queue: Queue, options: tuple[str, ...], jobs: int | None
) -> tuple[RunFolder, RunRecord]:
    """Fetch every source, build here what takes no time, and submit the rest.

    Raises:
        PybuildError: a source is missing, or the batch system refuses a job; then none is left in it.
    """
    launcher_of(site)
    files = fetch_sources(plan, settings)
    folder, record = begin(
        captured_content(plan, settings), settings.places.cache, command=settings.command, jobs=0, on="slurm"
    )
    here, there = apart(plan)
    build_light(here, plan, files, settings, folder, held_packages(plan, files))
    submitter = Submitter(folder=folder, site=site, settings=settings, options=options, jobs=jobs)
    numbers: dict[str, str] = {}
    try:
        for build in record.builds:
            if build.name in {package.name for package in there}:
                after = tuple(numbers[name] for name in build.needs if name in numbers)
                numbers[build.name] = submitter.submit_build(build, after)
                record = _noted(record, numbers)
                folder.write(record)
        last = submitter.submit_last(tuple(numbers.values()))
    except BaseException:
        queue.cancel(numbers.values())
        raise
    names = tuple(package.name for package in building(plan))
    record = replace(record, last=Progress(name="install", version="", key="install", needs=names, job=last))
    folder.write(record)
    return folder, record


def _noted(record: RunRecord, numbers: Mapping[str, str]) -> RunRecord:
    builds = tuple(replace(build, job=numbers.get(build.name, "")) for build in record.builds)
    return replace(record, builds=builds)


def log_of(folder: RunFolder, build: Progress) -> Path:
    """Return what the job of a build printed."""
    return folder.path / "jobs" / build.name / "log"
