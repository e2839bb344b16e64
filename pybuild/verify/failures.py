"""Failure texts of a site, recognised in what a program printed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pybuild.model.launcher import KnownFailure
from pybuild.model.nodes import NodeKind

_COUNT = re.compile(
    r"\b(?:rank|process|proc|task)\W{0,3}\d+\s*(?:of|/|out of)\s*(?P<of>\d+)\b"
    r"|(?:\b(?:world|comm|communicator|mpi|job)[ _.]?|\brank\W{1,4}\d+\b.*\b|^\W*(?:\d+\W+)?)"
    r"size\W{1,4}(?P<size>\d+)\s*(?:$|[,;})\]])",
    re.IGNORECASE,
)
"""What programs print that count their ranks: ``rank 0 of 1``, ``0: size 1``, ``world size: 1``."""


class Recognised(NamedTuple):
    """A known failure, and the first line of the output that shows it."""

    failure: KnownFailure
    line: str


def explain(
    output: str, failures: tuple[KnownFailure, ...], node: NodeKind | str | None
) -> KnownFailure | None:
    """Return what the output means on a kind of node, None where the site does not know it.

    The same text may mean one thing on a login node and another inside a job: a failure of another kind
    of node is never returned, and one of this kind comes before one of any.

    Args:
        node: where the program ran, None where nobody can say.
    """
    found = [r.failure for r in recognised(output, failures) if r.failure.node in (node, None)]
    return min(found, key=lambda failure: failure.node is None, default=None)


def recognised(output: str, failures: Iterable[KnownFailure]) -> tuple[Recognised, ...]:
    """Return every known failure that some line of the output shows, in the site's order."""
    return tuple(_recognised(output.splitlines(), failures))


def alone(output: str) -> Recognised | None:
    """Return what it means that several lines say ``rank 0 of 1`` or ``size 1`` and none says more.

    None where fewer than two lines say so, or another line shows ranks that see each other: then the program
    was started alone, or more than one was.
    """
    counted = [
        (int(match["of"] or match["size"]), line)
        for line in output.splitlines()
        if (match := _COUNT.search(line)) is not None
    ]
    if len(counted) < 2 or any(size != 1 for size, _ in counted):
        return None
    means = (
        f"{len(counted)} lines say that a rank is alone: if these were started as one job, the launcher and "
        "the MPI library do not belong together, and each rank is a job of its own"
    )
    cure = (
        "start them with the launcher that belongs to the library; pybuild verify -p PREFIX shows whether "
        "what is installed there and the site's launcher do, pybuild doctor -p PREFIX which MPI is in the way"
    )
    return Recognised(KnownFailure(pattern=_COUNT.pattern, means=means, cure=cure), counted[0][1].strip())


def _recognised(lines: list[str], failures: Iterable[KnownFailure]) -> Iterator[Recognised]:
    for failure in failures:
        shown = re.compile(failure.pattern)
        line = next((line for line in lines if shown.search(line)), None)
        if line is not None:
            yield Recognised(failure, line.strip())
