"""What Slurm says of jobs: Slurm is the engine beyond one machine, and is only asked."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pybuild.errors import BuildError
from pybuild.process import capture

OVER = ("BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY",
        "PREEMPTED", "TIMEOUT")  # fmt: skip
"""States in which a job does nothing any more; squeue(1), "JOB STATE CODES"."""


NEVER = "DependencyNeverSatisfied"
"""Why a job waits for ever: one that it waits for failed; squeue(1), "JOB REASON CODES"."""


_PASSING = re.compile(
    r"Socket timed out|Unable to contact slurm controller|Zero Bytes were transmitted|temporarily"
    r"|no answer within",
    re.IGNORECASE,
)
"""What Slurm says while its controller is busy, restarts or moves to another machine (slurm_errno of Slurm),
and what we say of a command that hangs."""


class NoAnswerError(BuildError):
    """Slurm does not answer now, and may do so in a while."""


def is_passing(words: str) -> bool:
    """Return whether a failure says nothing of what was asked, only that it was asked at a bad time."""
    return _PASSING.search(words) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job of the queue.

    Attributes:
        state: ``PENDING``, ``RUNNING``, ``COMPLETED``, …
        reason: why it waits, or failed.
    """

    state: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The batch system, as a user talks to it.

    Attributes:
        environ: environment of its commands.
    """

    environ: Mapping[str, str]

    def jobs(self, numbers: Iterable[str]) -> dict[str, Job]:
        """Return the jobs that Slurm still knows; it forgets those that have been over for some minutes.

        Raises:
            NoAnswerError: Slurm does not answer.
            BuildError: there is no Slurm.
        """
        wanted = [number for number in numbers if number]
        if not wanted:
            return {}
        argv = ("squeue", "-h", "-t", "all", "-o", "%i|%T|%r", "-j", ",".join(wanted))
        answer = capture(argv, env=self.environ)
        if answer.code != 0 and "Invalid job id" not in answer.err:
            kind = BuildError if answer.code == 127 else NoAnswerError
            raise kind(
                f"squeue: {_words(answer.err)}", hint="the jobs may go on all the same; try again later"
            )
        rows = [line.split("|", 2) for line in answer.out.splitlines()]
        return {row[0]: Job(state=row[1], reason=row[2]) for row in rows if len(row) == 3}

    def taken(self, name: str, folder: str) -> str:
        """Return the number of a job that waits or runs with a name and in a folder, ``""`` for none."""
        argv = ("squeue", "-h", "-t", "PENDING,RUNNING", "-n", name, "-o", "%i|%Z")
        rows = (line.partition("|") for line in capture(argv, env=self.environ).out.splitlines())
        return next((number for number, _, where in rows if where == os.path.realpath(folder)), "")

    def signal(self, number: str) -> int:
        """Return the signal that ended a job, 0 where none did or Slurm does not know any more.

        A job's script ends with 128 and the number where a signal ended what it had started.
        """
        answer = capture(("scontrol", "show", "job", number), env=self.environ)
        found = re.search(r"\bExitCode=(\d+):(\d+)", answer.out)
        if answer.code != 0 or found is None:
            return 0
        code, number_of_signal = int(found[1]), int(found[2])
        return number_of_signal or max(code - 128, 0)

    def cancel(self, numbers: Iterable[str]) -> None:
        """Cancel jobs.

        Raises:
            NoAnswerError: Slurm does not answer.
            BuildError: it refuses.
        """
        wanted = list(dict.fromkeys(number for number in numbers if number))
        answer = capture(("scancel", *wanted), env=self.environ) if wanted else None
        if answer is not None and answer.code != 0:
            kind = NoAnswerError if is_passing(answer.err) else BuildError
            raise kind(f"scancel: {_words(answer.err)}")

    def wait_for(self, number: str, others: Iterable[str]) -> bool:
        """Let a pending job wait for other jobs than before; return whether it does."""
        words = f"dependency=afterok:{':'.join(others)}"
        answer = capture(("scontrol", "update", f"jobid={number}", words), env=self.environ)
        return answer.code == 0


def _words(text: str) -> str:
    return " ".join(text.split())[-300:] or "it said nothing"
