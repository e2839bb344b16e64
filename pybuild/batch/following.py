"""How far the jobs of a run are: what the builds tell, and what Slurm says of those that cannot any more."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace

from pybuild.batch.again import LOST, afresh, is_lost, submit_again
from pybuild.batch.grouping import together
from pybuild.batch.queue import NEVER, Job, NoAnswerError, Queue
from pybuild.batch.queue import OVER as JOB_OVER
from pybuild.batch.submission import Submitter, installation_of, log_of
from pybuild.errors import BuildError, Interrupted, PybuildError
from pybuild.locks import held, owner_of
from pybuild.model.run import OVER, Progress, RunRecord, State
from pybuild.run.events import Events
from pybuild.run.folder import RunFolder

PAUSE = 1.0
"""Seconds between two looks; Slurm is shared, and answers everybody."""

PATIENCE = 900.0
"""Seconds for which a Slurm that does not answer is asked again: its controller restarts, or moves."""

REST = 5.0
"""Seconds between two questions to a Slurm that does not answer."""

MORE_MEMORY = "give it more memory (--job-options='--mem=16G'), or fewer processes (-j 2)"

_RAISE = {
    "TIMEOUT": ("its job {number} reached its time limit", "give it more: --job-options='-t 2:00:00'"),
    "OUT_OF_MEMORY": ("its job {number} was killed for lack of memory", MORE_MEMORY),
    "PREEMPTED": ("its job {number} had to make room for another", "the same command goes on"),
    "NODE_FAIL": ("its job {number} " + LOST, "the same command goes on"),
}


def is_over(record: RunRecord) -> bool:
    """Return whether no job of a run does anything any more."""
    return record.last is not None and all(build.state in OVER for build in _all(record))


def look(folder: RunFolder, queue: Queue) -> RunRecord:
    """Return the record of a run as it is now.

    What only Slurm knows is written down where the builds tell of themselves: Slurm forgets.

    Raises:
        BuildError: Slurm does not answer.
    """
    with _alone(folder):
        return _look(folder, queue)


def follow(
    folder: RunFolder, queue: Queue, submitter: Submitter, watch: Callable[[RunRecord], None]
) -> RunRecord:
    """Look until every job is over, and return how they ended.

    Args:
        submitter: submits once more what a lost node took, where Slurm does not do so itself.

    Raises:
        BuildError: Slurm has not answered for a long time, or refuses to take a job again.
    """

    def go_on() -> RunRecord:
        with _alone(folder):
            record = submit_again(folder, _look(folder, queue), queue, submitter)
        if is_over(record):
            queue.cancel(_never(record))
        return record

    while True:
        record = _patiently(go_on, submitter.settings.report.note)
        watch(record)
        if is_over(record):
            return record
        time.sleep(PAUSE)


def _patiently(act: Callable[[], RunRecord], note: Callable[[str], None]) -> RunRecord:
    """Return what an action returns; it is done again for a while where Slurm does not answer."""
    end = 0.0
    while True:
        try:
            return act()
        except NoAnswerError as error:
            if end and time.monotonic() > end:
                raise
            if not end:
                end = time.monotonic() + PATIENCE
                note(f"{error.message}; the jobs may go on, and Slurm is asked again")
        time.sleep(REST)


@contextmanager
def _alone(folder: RunFolder) -> Iterator[None]:
    """Keep others out who look at the same run: each of them would submit what was lost.

    Where nothing can be written, looking and cancelling must be possible all the same.
    """
    with ExitStack() as stack:
        with suppress(OSError):
            stack.enter_context(held(folder.path / "follow.lock"))
        yield


def _never(record: RunRecord) -> tuple[str, ...]:
    """Return the jobs that wait for ever for one that failed; Slurm keeps them, and counts them."""
    jobs = together(tuple(_all(record)))
    return tuple(group[0].job for group in jobs if all(build.state == "skipped" for build in group))


def _look(folder: RunFolder, queue: Queue) -> RunRecord:
    submitting = owner_of(folder.submitting)  # before the record: it may be complete a moment later
    record = folder.read() if submitting else _without_job(folder)
    jobs = queue.jobs(build.job for build in _all(record) if build.state not in ("built", "found"))
    record = _queued(record, jobs)
    for build in _all(record):
        if build.job and build.state not in OVER:
            _account(folder, record, build, jobs.get(build.job), queue)
    return _queued(folder.read(), jobs)


def _without_job(folder: RunFolder) -> RunRecord:
    """Return the record of a run whose submission is over: what nobody submitted is written down as skipped.

    The submission was refused, or its shell was killed before it came to the last job.
    """
    record = folder.read()
    if record.last is None:
        record = replace(record, last=installation_of(record, ""))
        folder.write(record)
    for build in _all(record):
        if not build.job and build.state not in OVER:
            Events(folder.events(build.name, build.key)).skipped("its job")
    return folder.read()


def cancel(folder: RunFolder, queue: Queue) -> tuple[str, ...]:
    """Cancel what is left of a run's jobs and return their numbers.

    Raises:
        BuildError: Slurm refuses.
    """
    with _alone(folder):
        record = _look(folder, queue)
        open_ = (build.job for build in _all(record) if build.job and build.state not in OVER)
        numbers = tuple(dict.fromkeys((*open_, *_never(record))))
        queue.cancel(numbers)
    return tuple(number for number in numbers if number)


def _all(record: RunRecord) -> Iterator[Progress]:
    yield from record.builds
    if record.last is not None:
        yield record.last


def _account(folder: RunFolder, record: RunRecord, build: Progress, job: Job | None, queue: Queue) -> None:
    """Write down how a build ended that could not say so itself."""
    events = Events(folder.events(build.name, build.key))
    if job is not None and job.reason == NEVER:
        culprit = next(_culprits(record, build), None)
        if culprit is not None:
            events.skipped(culprit)
        return
    if job is None or job.state in JOB_OVER:
        # It may have told its end just before the job's own end was seen.
        if folder.follower(build).look().state in OVER:
            return
        state: State = "stopped" if job and job.state == "CANCELLED" else "failed"
        events.failed(_end_of(folder, build, job, queue), state)


def _culprits(record: RunRecord, build: Progress) -> Iterator[str]:
    """Yield what failed in the jobs that a build's own job waits for, without what is submitted again."""
    with_it = [b for b in record.builds if b.job == build.job] or [build]
    needs = {name for b in with_it for name in b.needs}
    awaited = {b.job for b in record.builds if b.name in needs and b.job}
    for other in record.builds:
        failed = other.state in ("failed", "stopped", "skipped") and not is_lost(other)
        if failed and (other.name in needs or other.job in awaited):
            yield other.name


def _end_of(folder: RunFolder, build: Progress, job: Job | None, queue: Queue) -> PybuildError:
    number = build.job
    if job is None:
        return BuildError(f"{build.name}: its job {number} is not known to Slurm any more, and told no end")
    if job.state == "CANCELLED":
        return Interrupted(f"{build.name}: its job {number} was cancelled")
    if job.state in _RAISE:
        said, hint = _RAISE[job.state]
        return BuildError(f"{build.name}: {said.format(number=number)}", hint=hint)
    log = log_of(folder, build)
    tail = tuple(log.read_text("utf-8", "replace").splitlines()[-12:]) if log.exists() else ()
    if queue.signal(number) == signal.SIGKILL:
        words = f"{build.name}: its job {number} was killed, as Slurm does for lack of memory"
        return BuildError(words, log=str(log), tail=tail, hint=MORE_MEMORY)
    words = f"{build.name}: its job {number} ended as {job.state} ({job.reason}) before it said why"
    return BuildError(words, log=str(log), tail=tail)


def _queued(record: RunRecord, jobs: Mapping[str, Job]) -> RunRecord:
    """Return a record with what waits for its job's next start as waiting, whatever it has told before."""
    builds, last = (
        tuple(afresh(b, b.job, b.again) if _runs_again(b, jobs.get(b.job)) else b for b in some)
        for some in (record.builds, (record.last,) if record.last else ())
    )
    return replace(record, builds=builds, last=last[0] if last else None)


def _runs_again(build: Progress, job: Job | None) -> bool:
    """Return whether a build was cut off, by a lost node or to make room, and its job begins once more.

    Who must make room is told to stop, and tells so, before Slurm puts the job back into the queue.
    """
    if job is None or job.state in JOB_OVER or job.reason == NEVER or build.state in ("built", "found"):
        return False
    return build.state == "stopped" or job.state == "PENDING"
