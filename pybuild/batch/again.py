"""Submit again what a lost node took, where Slurm does not put its jobs back into the queue itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pybuild.batch.grouping import together
from pybuild.model.run import Progress, RunRecord

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pybuild.batch.queue import Queue
    from pybuild.batch.submission import Submitter
    from pybuild.run.folder import RunFolder

LOST = "lost its node"
"""Words of a failure by which a lost node is told."""


def submit_again(folder: RunFolder, record: RunRecord, queue: Queue, submitter: Submitter) -> RunRecord:
    """Submit lost jobs again and let those that wait for them wait for the new ones; return the new record.

    Raises:
        BuildError: the batch system refuses.
    """
    lost = [build for build in (*record.builds, record.last) if build is not None and _is_lost(build)]
    if not lost:
        return record
    again = {build.name: build for build in record.builds}
    for group in together([build for build in lost if build is not record.last]):
        number = submitter.submit_builds(group, _open(group, again))
        for build in group:
            again[build.name] = _afresh(folder, build, number)
    last = record.last
    if last is not None and _is_lost(last):
        last = _afresh(folder, last, submitter.submit_last(_open((last,), again)))
    elif last is not None and {build.name for build in lost} & set(last.needs):
        queue.wait_for(last.job, _open((last,), again))
    renewed = {again[build.name].job for build in lost if build.name in again}
    for group in together(tuple(again.values())):
        after = _open(group, again)
        if group[0].job not in renewed and group[0].state == "waits" and renewed & set(after):
            queue.wait_for(group[0].job, after)
    record = replace(record, builds=tuple(again.values()), last=last)
    folder.write(record)
    return record


def _is_lost(build: Progress) -> bool:
    return build.state == "failed" and bool(build.job) and LOST in build.message


def _open(group: Iterable[Progress], builds: dict[str, Progress]) -> tuple[str, ...]:
    """Return the jobs that a group has to wait for: of what it needs, those that are not over."""
    own = {build.name for build in group}
    needs = dict.fromkeys(name for build in group for name in build.needs if name not in own)
    open_ = (builds[name].job for name in needs if builds[name].state not in ("built", "found"))
    return tuple(dict.fromkeys(job for job in open_ if job))


def _afresh(folder: RunFolder, build: Progress, job: str) -> Progress:
    """Return a build as if it had never begun."""
    folder.events(build.name, build.key).unlink(missing_ok=True)
    return Progress(
        name=build.name, version=build.version, key=build.key, needs=build.needs, expected=build.expected,
        job=job,
    )  # fmt: skip
