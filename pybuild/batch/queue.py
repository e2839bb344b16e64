"""What Slurm says of jobs: Slurm is the engine beyond one machine, and is only asked."""

from __future__ import annotations

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
            BuildError: Slurm does not answer.
        """
        wanted = [number for number in numbers if number]
        if not wanted:
            return {}
        argv = ("squeue", "-h", "-t", "all", "-o", "%i|%T|%r", "-j", ",".join(wanted))
        answer = capture(argv, env=self.environ)
        if answer.code != 0 and "Invalid job id" not in answer.err:
            raise BuildError(
                f"squeue: {_words(answer.err)}", hint="the jobs may go on all the same; try again later"
            )
        rows = [line.split("|", 2) for line in answer.out.splitlines()]
        return {row[0]: Job(state=row[1], reason=row[2]) for row in rows if len(row) == 3}

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
            BuildError: Slurm refuses.
        """
        wanted = list(dict.fromkeys(number for number in numbers if number))
        answer = capture(("scancel", *wanted), env=self.environ) if wanted else None
        if answer is not None and answer.code != 0:
            raise BuildError(f"scancel: {_words(answer.err)}")

    def wait_for(self, number: str, others: Iterable[str]) -> bool:
        """Let a pending job wait for other jobs than before; return whether it does."""
        words = f"dependency=afterok:{':'.join(others)}"
        answer = capture(("scontrol", "update", f"jobid={number}", words), env=self.environ)
        return answer.code == 0


def _words(text: str) -> str:
    return " ".join(text.split())[-300:] or "it said nothing"
