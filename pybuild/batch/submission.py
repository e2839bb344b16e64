"""Hand the builds of a plan over to the site's batch system: a job for each, and a last one that installs."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild.batch.grouping import grouped, is_limit
from pybuild.batch.queue import OVER
from pybuild.building import build_light, captured_content
from pybuild.elsewhere import errand_of
from pybuild.errors import BuildError, UsageError, VerificationError
from pybuild.model.run import Progress, RunRecord
from pybuild.ready import held_packages
from pybuild.run.folder import RunFolder, begin
from pybuild.run.order import apart, building
from pybuild.sources import fetch_sources
from pybuild.verify.job import submit

if TYPE_CHECKING:
    from pybuild.batch.queue import Queue
    from pybuild.model.launcher import Launcher
    from pybuild.model.plan import Plan
    from pybuild.model.site import Site
    from pybuild.settings import Settings

PATIENCE = 60.0
"""Seconds for which cancelled jobs are waited for."""

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

    def submit_builds(self, builds: tuple[Progress, ...], after: tuple[str, ...]) -> str:
        """Submit one job for some builds, one after the other, and return its number.

        Args:
            builds: each after what it needs; mostly a single one.
            after: numbers of jobs that must end well first.

        Raises:
            BuildError: in the batch system's own words.
        """
        places = self.settings.places
        argv = ["build", str(self.folder.plan), *(build.key for build in builds)]
        argv += ["--record", str(self.folder.path)]
        argv += ["--cache", places.cache, *(["-j", str(self.jobs)] if self.jobs else [])]
        argv += ["--mirror", places.mirror] if places.mirror else []
        argv += ["--offline"] if places.offline else []
        return self._submit(builds[0].name, argv, after)

    def submit_last(self, after: tuple[str, ...]) -> str:
        """Submit the installation of everything and return the job's number."""
        places = self.settings.places
        argv = ["jobs", "install", self.folder.path.name, "--cache", places.cache, "--site", self.site.name]
        for option, folders in (("--sites", places.sites), ("--recipes", places.recipes)):
            # A configuration file may name folders that are not there, a command line may not.
            argv += [word for folder in folders if Path(folder).is_dir() for word in (option, folder)]
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
    record = replace(record, options=options, each=jobs or 0)  # for whoever submits something again
    folder.write(record)
    submitter = Submitter(folder=folder, site=site, settings=settings, options=options, jobs=jobs)
    heavy = {package.name for package in there}
    builds = tuple(build for build in record.builds if build.name in heavy)
    numbers, last = _submit_within_limits(builds, submitter, queue)
    names = tuple(package.name for package in building(plan))
    installation = Progress(name="install", version="", key="install", needs=names, job=last)
    record = replace(_noted(folder.read(), numbers), last=installation)
    folder.write(record)
    return folder, record


def _submit_within_limits(
    builds: tuple[Progress, ...], submitter: Submitter, queue: Queue
) -> tuple[dict[str, str], str]:
    """Submit every build and the installation, with as many jobs as the batch system takes of one user.

    Returns:
        The number of each build's job, and that of the last one.
    """
    launcher = launcher_of(submitter.site)
    most = (launcher.most_jobs or len(builds) + 1) - 1
    while True:
        taken: list[str] = []
        try:
            return _submit_groups(grouped(builds, max(most, 1)), submitter, taken)
        except BaseException as error:
            queue.cancel(taken)
            if not isinstance(error, BuildError) or not is_limit(error.message) or len(taken) < 2:
                raise
            _forget(builds, taken, submitter.folder, queue)
            most = len(taken) - 1
            submitter.settings.report.note(
                f"{submitter.site.name}: takes {len(taken)} jobs from you now, so builds share them"
            )


def _forget(builds: tuple[Progress, ...], taken: list[str], folder: RunFolder, queue: Queue) -> None:
    """Wait until cancelled jobs are gone, which count as long as they end, and drop what they told."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and any(job.state not in OVER for job in queue.jobs(taken).values()):
        time.sleep(0.5)
    for build in builds:
        folder.events(build.name, build.key).unlink(missing_ok=True)


def _submit_groups(
    groups: tuple[tuple[Progress, ...], ...], submitter: Submitter, taken: list[str]
) -> tuple[dict[str, str], str]:
    """Submit a job for each group and one that installs; ``taken`` gets the number of each as it is known."""
    numbers: dict[str, str] = {}
    for group in groups:
        needed = dict.fromkeys(numbers[name] for build in group for name in build.needs if name in numbers)
        taken.append(submitter.submit_builds(group, tuple(needed)))
        numbers |= {build.name: taken[-1] for build in group}
        folder = submitter.folder
        folder.write(_noted(folder.read(), numbers))
    last = submitter.submit_last(tuple(dict.fromkeys(numbers.values())))
    return numbers, last


def _noted(record: RunRecord, numbers: Mapping[str, str]) -> RunRecord:
    builds = tuple(replace(build, job=numbers.get(build.name, "")) for build in record.builds)
    return replace(record, builds=builds)


def log_of(folder: RunFolder, build: Progress) -> Path:
    """Return what the job of a build printed; the folder of a job is named by its first build."""
    first = next((b for b in folder.read().builds if b.job == build.job), build)
    return folder.path / "jobs" / first.name / "log"
