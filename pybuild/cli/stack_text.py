"""Locks and what differs between them, for people."""

from __future__ import annotations

import sys

from pybuild.cli.text import columns, paint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pybuild.model.stack import Lock
    from pybuild.plan.stack_difference import Row

_SIGNS = {"downgrade": "v", "remove": "-", "change": "~", "upgrade": "^", "add": "+"}
_COLOURS = {"downgrade": "red", "remove": "red", "change": "yellow", "upgrade": "green", "add": "green"}
_LONG = 40


def counts(lock: Lock) -> str:
    """Return in a few words what a lock holds."""
    parts = [f"Python {lock.python}"]
    for number, word in ((len(lock.conda), "conda package"), (len(lock.recipes), "recipe"),
                         (len(lock.index), "wheel")):  # fmt: skip
        parts += [f"{number} {word}{'' if number == 1 else 's'}"] if number else []
    return f"{', '.join(parts)}, for {lock.site.name}"


def difference_lines(rows: Iterable[Row], *, verbose: bool = False) -> list[str]:
    """Return a line for each difference, in the order given.

    Args:
        verbose: long values in full.
    """
    return columns((_cells(row, verbose) for row in rows), indent="  ")


def _cells(row: Row, verbose: bool) -> Sequence[str]:
    sign = paint(_SIGNS[row.kind], _COLOURS[row.kind], stream=sys.stdout)
    was, now = (value if verbose or len(value) <= _LONG else f"{value[:12]}…" for value in (row.was, row.now))
    if row.kind == "add":
        change = now
    elif row.kind == "remove":
        change = f"{was}, REMOVED" if row.section not in ("site", "stack") else f"{was}, gone"
    else:
        change = f"{was} -> {now}" if was != now else now
        change += ", DOWNGRADE" if row.kind == "downgrade" else ""
    if row.why:
        change += f"  ({row.why})"
    return sign, row.section, row.name, change
