"""Failure texts of a site, recognised in what a program printed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pybuild.model.launcher import KnownFailure
from pybuild.model.nodes import NodeKind


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


def _recognised(lines: list[str], failures: Iterable[KnownFailure]) -> Iterator[Recognised]:
    for failure in failures:
        shown = re.compile(failure.pattern)
        line = next((line for line in lines if shown.search(line)), None)
        if line is not None:
            yield Recognised(failure, line.strip())
