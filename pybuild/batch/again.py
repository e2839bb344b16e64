"""Submit again what a lost node took, where Slurm does not put its jobs back into the queue itself."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from pybuild.batch.grouping import together
from pybuild.batch.queue import NEVER
from pybuild.model.run import OVER, Progress, RunRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pybuild.batch.queue import Queue
    from pybuild.batch.submission import Submitter
    from pybuild.run.folder import RunFolder

LOST = "lost its node"
"""Words of a failure by which a lost node is told."""


OFTEN = 3
"""How often a build is submitted again: one that takes its node down with it would do so for ever."""


def submit_again(folder: RunFolder, record: RunRecord, queue: Queue, submitter: Submitter) -> RunRecord:
    """Submit lost jobs again and let those that wait for them wait for the new ones; return the new record.

    The record is written after each job, so that whoever comes after a failure goes on from there.

    Raises:
        BuildError: the batch system refuses.
    """
    for group in together([build for build in record.builds if is_lost(build)]):
        with _fresh_events(folder, group):
            number = submitter.submit_builds(group, _open(group, record))
            record = _with_job(folder, record, group, number)
    last = record.last
    if last is not None and is_lost(last):
        with _fresh_events(folder, (last,)):
            last = afresh(last, submitter.submit_last(_open((last,), record)), last.again + 1)
            record = replace(record, last=last)
            folder.write(record)
    return _led(folder, record, queue, submitter)


def is_lost(build: Progress) -> bool:
    """Return whether a build is to be submitted again."""
    lost = build.state == "failed" and bool(build.job) and LOST in build.message
    return lost and build.again < OFTEN


def _led(folder: RunFolder, record: RunRecord, queue: Queue, submitter: Submitter) -> RunRecord:
    """Let every job that waits in vain for one that was submitted again wait for the new one."""
    renewed = {build.job for build in record.builds if build.again and build.state not in OVER}
    waiting = [*record.builds, *([record.last] if record.last else [])]
    groups = together([build for build in waiting if build.state == "waits" and build.job])
    hopeful = [group for group in groups if renewed & set(_open(group, record))]
    known = queue.jobs(group[0].job for group in hopeful)
    for group in hopeful:
        job, after = group[0].job, _open(group, record)
        if job not in known or known[job].reason != NEVER or queue.wait_for(job, after):
            continue
        queue.cancel([job])
        with _fresh_events(folder, group):
            if group[0] is record.last:
                record = replace(record, last=replace(group[0], job=submitter.submit_last(after)))
                folder.write(record)
            else:
                record = _with_job(folder, record, group, submitter.submit_builds(group, after))
    return record


def _with_job(folder: RunFolder, record: RunRecord, group: tuple[Progress, ...], number: str) -> RunRecord:
    """Return the record with some builds in another job, as if they had never begun."""
    fresh = {build.name: afresh(build, number, build.again + 1) for build in group}
    builds = tuple(fresh.get(build.name, build) for build in record.builds)
    record = replace(record, builds=builds)
    folder.write(record)
    return record


@contextmanager
def _fresh_events(folder: RunFolder, builds: Iterable[Progress]) -> Iterator[None]:
    """Put what builds have told out of the way of a new job, which may begin before its number is known.

    It comes back where there is no new job in the end.
    """
    events = [folder.events(build.name, build.key) for build in builds]
    aside = {path: path.with_name(f"{path.name}.before") for path in events if path.exists()}
    for path, other in aside.items():
        path.replace(other)
    try:
        yield
    except BaseException:
        for path, other in aside.items():
            other.replace(path)
        raise
    for other in aside.values():
        other.unlink(missing_ok=True)


def _open(group: Iterable[Progress], record: RunRecord) -> tuple[str, ...]:
    """Return the jobs that a group has to wait for: of what it needs, those that are not over."""
    own = {build.name for build in group}
    needs = {name for build in group for name in build.needs} - own
    open_ = (build.job for build in record.builds if build.name in needs and build.state not in OVER)
    return tuple(dict.fromkeys(job for job in open_ if job))


def afresh(build: Progress, job: str, again: int) -> Progress:
    """Return a build as if it had never begun, in some job."""
    return Progress(
        name=build.name, version=build.version, key=build.key, needs=build.needs, expected=build.expected,
        job=job, again=again,
    )  # fmt: skip
