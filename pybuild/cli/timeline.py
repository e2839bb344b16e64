"""When each build of a run was under way, as bars of characters."""

from __future__ import annotations

from pybuild.cli.builds_view import minutes
from pybuild.cli.hints import completed
from pybuild.cli.text import columns, paint
from pybuild.model.run import Progress, RunRecord

WIDTH = 40
"""Characters of the longest bar."""

SHORT = 2.0
"""Builds below so many seconds are only counted."""


def timeline(record: RunRecord) -> list[str]:
    """Return lines with a bar for each build, and where more can be seen; nothing for what was short."""
    done = [build for build in record.builds if build.began and build.ended]
    rows = [build for build in done if build.ended - build.began >= SHORT or build.state == "failed"]
    if not rows:
        return []
    first = min(build.began for build in done)
    whole = max(build.ended for build in done) - first
    lines = columns([(b.name, minutes(b.ended - b.began), _bar(b, first, whole)) for b in rows], indent="  ")
    short = len(done) - len(rows)
    work = sum(build.ended - build.began for build in done)
    rest = f"  and {short} shorter than {SHORT:.0f} s" if short else ""
    head = f"{minutes(whole)} for builds of {minutes(work)} together"
    return [
        paint(head, "dim"),
        *lines,
        *([rest] if rest else []),
        paint(f"more: {completed(f'pybuild report {record.name}')}", "dim"),
    ]


def _bar(build: Progress, first: float, whole: float) -> str:
    begin = round((build.began - first) / whole * WIDTH) if whole else 0
    length = max(1, round((build.ended - build.began) / whole * WIDTH) if whole else 1)
    mark = "=" if build.state in ("built", "found") else "x"
    return " " * begin + mark * length
