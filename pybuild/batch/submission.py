"""Hand the builds of a plan over to the site's batch system: a job for each, and a last one that installs."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild.batch.grouping import grouped, is_limit
from pybuild.batch.queue import OVER, NoAnswerError, Queue, is_passing
from pybuild.building import build_light, captured_content
from pybuild.elsewhere import errand_of
from pybuild.errors import BuildError, UsageError, VerificationError
from pybuild.locks import held
from pybuild.model.run import Progress, RunRecord
from pybuild.ready import held_packages
from pybuild.run.folder import RunFolder, begin
from pybuild.run.order import apart
from pybuild.sources import fetch_sources
from pybuild.verify.job import Errand, submit

if TYPE_CHECKING:
    from pybuild.model.launcher import Launcher
    from pybuild.model.plan import PackagePlan, Plan
    from pybuild.model.site import Site
    from pybuild.settings import Settings

PATIENCE = 60.0
"""Seconds for which cancelled jobs are waited for."""

PAUSES = (2.0, 10.0, 10.0)
"""Seconds after each try to submit a job that Slurm did not answer."""

_OVERRULED = "--job-options='-p PARTITION -A ACCOUNT' overrules what the site asks for"

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
            NoAnswerError: the batch system does not answer.
            BuildError: in its own words.
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
        return self._tried(errand, f"pybuild-{name}")

    def _tried(self, errand: Errand, name: str) -> str:
        """Submit a job, a few times where Slurm does not answer; it may have taken the job all the same."""
        queue, said = Queue(environ=errand.asking), ""
        for pause in PAUSES:
            try:
                return submit(errand, launcher_of(self.site))
            except VerificationError as error:
                if not is_passing(error.message):
                    raise BuildError(error.message, hint=error.hint or _OVERRULED) from error
                said = error.message
            time.sleep(pause)
            if number := queue.taken(name, str(errand.folder)):
                return number
        raise NoAnswerError(said, hint="try again later")


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
    content = captured_content(plan, settings)
    folder, record = begin(content, settings.places.cache, command=settings.command, jobs=0)
    with held(folder.submitting):
        # A run of jobs from here on: whoever looks at it can tell whether it is still submitted.
        record = replace(record, on="slurm", options=options, each=jobs or 0)
        folder.write(record)
        here, there = apart(plan)
        build_light(here, plan, files, settings, folder, held_packages(plan, files))
        submitter = Submitter(folder=folder, site=site, settings=settings, options=options, jobs=jobs)
        return folder, _submitted(record, there, submitter, queue)


def _submitted(
    record: RunRecord, there: Iterable[PackagePlan], submitter: Submitter, queue: Queue
) -> RunRecord:
    """Submit what is built by jobs, and the installation; return the record with their numbers."""
    folder = submitter.folder
    heavy = {package.name for package in there}
    builds = tuple(build for build in record.builds if build.name in heavy)
    numbers, last = _submit_within_limits(builds, submitter, queue)
    record = replace(_noted(folder.read(), numbers), last=installation_of(record, last))
    folder.write(record)
    return record


def installation_of(record: RunRecord, job: str) -> Progress:
    """Return the last step of a run, which a job does; ``""`` where none was submitted for it."""
    names = tuple(build.name for build in record.builds)
    return Progress(name="install", version="", key="install", needs=names, job=job)


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
            gone = _taken_back(taken, submitter, queue)
            limited = isinstance(error, BuildError) and is_limit(error.message)
            if not gone or not limited or len(taken) < 2:
                raise
            _forget(builds, taken, submitter.folder, queue)
            most = len(taken) - 1
            submitter.settings.report.note(
                f"{submitter.site.name}: takes {len(taken)} jobs from you now, so builds share them"
            )


def _taken_back(taken: list[str], submitter: Submitter, queue: Queue) -> bool:
    """Cancel jobs, and return whether that went well; where not, why they are cancelled is still told."""
    try:
        queue.cancel(taken)
    except BuildError as error:
        left = " ".join(taken)
        submitter.settings.report.note(f"{error.message}; what is left in the queue: scancel {left}")
        return False
    return True


def _forget(builds: tuple[Progress, ...], taken: list[str], folder: RunFolder, queue: Queue) -> None:
    """Wait until cancelled jobs are gone, which count as long as they end, and drop what they told."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and not _are_over(taken, queue):
        time.sleep(0.5)
    for build in builds:
        folder.events(build.name, build.key).unlink(missing_ok=True)


def _are_over(numbers: list[str], queue: Queue) -> bool:
    with suppress(NoAnswerError):
        return all(job.state in OVER for job in queue.jobs(numbers).values())
    return False


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
