"""Which builds share a batch job, where Slurm takes fewer jobs than there are builds."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pybuild.model.run import Progress

_LIMIT = re.compile(r"MaxSubmitJob|violates accounting/QOS policy|job submit limit", re.IGNORECASE)
"""What Slurm says where a user may not have one more job in the queue: a QOS's or an association's
MaxSubmitJobs (resource_limits.html of Slurm), and the text of its error ESLURM_ACCOUNTING_POLICY."""


def is_limit(words: str) -> bool:
    """Return whether a refusal means that there are too many jobs, not that this one is wrong."""
    return _LIMIT.search(words) is not None


def grouped(builds: Sequence[Progress], most: int) -> tuple[tuple[Progress, ...], ...]:
    """Return the builds as at most ``most`` groups of about the same length.

    A group is a stretch of the order in which they may be built one after the other. So a group needs
    earlier groups only, and no two wait for each other.

    Args:
        builds: each after what it needs.
        most: 1 or more.
    """
    left = [build.expected or 1.0 for build in builds]
    found: list[tuple[Progress, ...]] = []
    start = 0
    while start < len(builds):
        places = most - len(found)
        share, end, length = sum(left[start:]) / places, start + 1, left[start]
        # One more while the rest are too many for a place each and this group comes nearer to its share.
        while len(builds) - end >= places and (places == 1 or length + left[end] / 2 <= share):
            length += left[end]
            end += 1
        found.append(tuple(builds[start:end]))
        start = end
    return tuple(found)


def together(builds: Sequence[Progress]) -> tuple[tuple[Progress, ...], ...]:
    """Return builds by the job that they share, in the order in which they stand."""
    jobs = dict.fromkeys(build.job for build in builds)
    return tuple(tuple(build for build in builds if build.job == job) for job in jobs)
