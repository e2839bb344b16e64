"""Where the records of runs are: ``<cache>/runs/<name>/``, one folder for each."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pybuild.errors import UsageError
from pybuild.files import replace_file
from pybuild.model.plan import Plan
from pybuild.model.run import Progress, RunRecord
from pybuild.run.events import Follower
from pybuild.run.order import building, needs_of
from pybuild.run.plan_file import PlanFile, write_plan_file
from pybuild.run.times import read_times
from pybuild.structured import structured

NEWEST = 50
"""So many runs are kept."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run."""

    path: Path

    @property
    def plan(self) -> Path:
        """Its plan file."""
        return self.path / "plan.json"

    @property
    def submitting(self) -> Path:
        """The lock of whoever submits its jobs."""
        return self.path / "submit.lock"

    def events(self, name: str, key: str) -> Path:
        """Return the file that one build tells its progress in."""
        return self.path / f"{name}-{key}.events"

    def output(self, name: str) -> Path:
        """Return the file with what a child of ours, or a job, printed."""
        return self.path / f"{name}.out"

    def write(self, record: RunRecord) -> None:
        """Put the record on disk.

        Raises:
            OSError: it cannot be written.
        """
        from cattrs import unstructure

        replace_file(self.path / "run.json", json.dumps(unstructure(record), indent=1) + "\n")

    def read(self) -> RunRecord:
        """Return the record, its builds as far as their events say they are.

        Raises:
            UsageError: there is none.
        """
        try:
            record = structured(json.loads((self.path / "run.json").read_text()), RunRecord)
        except (OSError, ValueError) as error:
            raise UsageError(
                f"{self.path}: holds no record of a run", hint=f"rm -r {self.path}, then run it again"
            ) from error
        builds = tuple(self.follower(build).look() for build in record.builds)
        last = self.follower(record.last).look() if record.last else None
        return replace(record, builds=builds, last=last)

    def follower(self, build: Progress) -> Follower:
        """Return what reads a build's events."""
        return Follower(self.events(build.name, build.key), build)


def runs_of(cache: str) -> Path:
    """Return the folder of all runs."""
    return Path(cache, "runs")


def begin(
    content: PlanFile,
    cache: str,
    *,
    command: str,
    jobs: int,
    on: str = "here",
) -> tuple[RunFolder, RunRecord]:
    """Make the folder of a new run, with its plan file and its record.

    Raises:
        OSError: it cannot be made.
    """
    runs, plan = runs_of(cache), content.plan
    runs.mkdir(parents=True, exist_ok=True)
    folder = _fresh(runs, plan)
    record = RunRecord(
        name=folder.path.name, command=command, prefix=plan.prefix, site=plan.site, jobs=jobs, on=on,
        began=round(time.time(), 3), builds=_waiting(plan, runs),
        held=tuple((p.name, p.version) for p in plan.packages if p.action == "channel"),
    )  # fmt: skip
    write_plan_file(folder.plan, content)
    folder.write(record)
    _prune(runs)
    return folder, record


def _fresh(runs: Path, plan: Plan) -> RunFolder:
    asked = next((p.name for p in plan.packages if p.requested), "base")
    stem = f"{time.strftime('%Y%m%d-%H%M%S')}-{asked}"
    for number in range(1, 100):
        path = runs / (stem if number == 1 else f"{stem}-{number}")
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)
            return RunFolder(path)
    raise FileExistsError(17, "too many runs in one second", str(runs))


def _waiting(plan: Plan, runs: Path) -> tuple[Progress, ...]:
    needs, times = needs_of(plan), read_times(runs)
    return tuple(
        Progress(
            name=package.name, version=package.version, key=package.key, needs=needs[package.name],
            expected=times.get(package.name, 0.0),
        )
        for package in building(plan)
    )  # fmt: skip


def find_runs(cache: str) -> tuple[RunFolder, ...]:
    """Return every run that has a record, newest first."""
    runs = runs_of(cache)
    with suppress(OSError):
        names = sorted(os.listdir(runs), reverse=True)
        return tuple(RunFolder(runs / name) for name in names if (runs / name / "run.json").exists())
    return ()


def find_run(cache: str, name: str | None, prefix: str | None) -> RunFolder:
    """Return the run with a name, or the newest one, or the newest one for a prefix.

    Raises:
        UsageError: there is no such run.
    """
    found = find_runs(cache)
    if name:
        if re.fullmatch(r"[\w.-]+", name) and (runs_of(cache) / name / "run.json").exists():
            return RunFolder(runs_of(cache) / name)
        raise UsageError(f"{runs_of(cache)}: has no run {name!r}", hint="pybuild report --list")
    for folder in found:
        if prefix is None or folder.read().prefix == prefix:
            return folder
    raise UsageError(
        f"{runs_of(cache)}: has no run" + (f" for {prefix}" if prefix else ""),
        hint="pybuild install leaves one where it builds something; --cache names the folder it used",
    )


def _prune(runs: Path) -> None:
    for folder in find_runs(str(runs.parent))[NEWEST:]:
        with suppress(UsageError):
            if folder.read().ended or time.time() - folder.path.stat().st_mtime > 30 * 86400:
                shutil.rmtree(folder.path, ignore_errors=True)
