"""How far several builds are: a live table on a terminal, lines elsewhere."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pybuild.cli.text import counted, explain, paint, say
from pybuild.errors import BuildError
from pybuild.model.run import OVER, Progress, RunRecord
from pybuild.run.events import PREPARE
from pybuild.run.outcome import told_at_the_end

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live

_MARKS = {"built": ("done", "green"), "found": ("found", "green"), "failed": ("failed", "red"),
          "stopped": ("stopped", "yellow"), "skipped": ("skipped", "yellow")}  # fmt: skip
_TAIL = 4096
"""Bytes of a log that are looked at for its last line."""


class BuildsView:
    """Shows the builds of one run.

    Args:
        began: seconds of the monotonic clock at which the command began.
        live: there is a terminal that can be written over.
    """

    def __init__(self, *, began: float, live: bool) -> None:
        self._began = began
        self._told: dict[str, tuple[str, str]] = {}
        self._live: Live | None = None
        self._wants_live = live
        self._drawn = 0.0

    @contextmanager
    def watching(self) -> Iterator[BuildsView]:
        """Show while this lasts."""
        if not self._wants_live:
            yield self
            return
        from rich.console import Console
        from rich.live import Live

        # Drawn by us alone: a thread of its own would still draw while children are ended.
        with Live(console=Console(stderr=True), auto_refresh=False, transient=True) as live:
            self._live = live
            yield self
            self._live = None

    def __call__(self, record: RunRecord) -> None:
        """Show how far a run is."""
        for build in record.builds:
            self._tell(build, record)
        if self._live is not None and time.monotonic() - self._drawn > 0.2:
            self._drawn = time.monotonic()
            self._live.update(self._table(record), refresh=True)

    def _tell(self, build: Progress, record: RunRecord) -> None:
        state = (build.state, build.phase)
        if self._told.get(build.name, ("waits", "")) == state:
            return
        self._told[build.name] = state
        if build.state in OVER:
            self._say(_ending(build))
            broken = build.state == "failed" or (build.state == "stopped" and build.message != "interrupted")
            if broken and not told_at_the_end(record, build):
                self._say(_failure(build).rstrip())
        elif build.phase not in ("", PREPARE) and self._live is None:
            self._say(f"{build.name}: {build.phase}", timed=True)

    def _say(self, text: str, *, timed: bool = False) -> None:
        elapsed = paint(f"[{time.monotonic() - self._began:6.1f} s]", "dim")
        line = f"{elapsed} {text}" if timed or not text.startswith("error") else text
        if self._live is None:
            say(line)
            return
        from rich.text import Text

        self._live.console.print(Text.from_ansi(line))

    def _table(self, record: RunRecord) -> Group:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 1), expand=True)
        for width in (18, 14, 16):
            table.add_column(no_wrap=True, min_width=min(width, 12), max_width=width + 8, overflow="ellipsis")
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        now = [build for build in record.builds if build.state == "builds"]
        for build in now[:20]:
            table.add_row(
                Text(f"{build.name} {build.version}", style="bold"), Text(build.phase, style="cyan"),
                Text(clock(build)), Text(last_line(build.log), style="dim"),
            )  # fmt: skip
        return Group(table, Text(summary(record), style="dim"))


def clock(build: Progress) -> str:
    """Return how long a build has taken and how long it should: ``1:02 of 2:30``."""
    took = (build.ended or time.time()) - build.began if build.began else 0.0
    return f"{minutes(took)} of {minutes(build.expected)}" if build.expected else minutes(took)


def minutes(seconds: float) -> str:
    """Return seconds as people read them on a clock: ``0:07``."""
    whole = max(0, round(seconds))
    return f"{whole // 60}:{whole % 60:02d}"


def summary(record: RunRecord) -> str:
    """Return how many builds are in which state, in a few words."""
    counts: dict[str, int] = {}
    for build in record.builds:
        word = {"waits": "waiting", "builds": "building"}.get(build.state, build.state)
        counts[word] = counts.get(word, 0) + 1
    return f"{counted(len(record.builds), 'build')}: " + ", ".join(
        f"{n} {word}" for word, n in counts.items()
    )


def last_line(log: str) -> str:
    """Return the last line of a log that says something, ``""`` where there is none."""
    try:
        with open(log, "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _TAIL))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip() and line[:1] != "#"), "")


def _ending(build: Progress) -> str:
    word, colour = _MARKS[build.state]
    why = f", because {build.because} is not there" if build.because else ""
    took = f" after {minutes(build.ended - build.began)}" if build.began and build.ended else ""
    return f"{build.name}: {paint(word, colour)}{took}{why}"


def _failure(build: Progress) -> str:
    return explain(BuildError(build.message, hint=build.hint or None, log=build.log or None, tail=build.tail))
