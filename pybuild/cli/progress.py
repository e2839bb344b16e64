"""Shows how a run goes: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

from pybuild.cli.text import can_be_live, explain, paint, say
from pybuild.report import Report

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID
    from rich.status import Status

    from pybuild.errors import PybuildError
    from pybuild.model.run import RunRecord


class Screen(Report):
    """Prints phases; on a terminal also the last line of a build and a bar for downloads."""

    def __init__(self, *, verbose: bool = False) -> None:
        self.verbose = verbose
        self.live = can_be_live()
        self.began = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._status: Status | None = None
        self._phase = ""
        self._shown = 0.0

    def __enter__(self) -> Screen:
        """Return the screen itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the terminal as it was."""
        self._stop()

    def phase(self, package: str, phase: str) -> None:
        """Say which package is in which phase, and how long the run takes so far."""
        self._stop()
        self._phase = f"{package}: {phase}"
        elapsed = paint(f"[{time.monotonic() - self.began:6.1f} s]", "dim")
        if not self.live:
            say(f"{elapsed} {self._phase}")
            return
        from rich.console import Console

        say(f"{elapsed} {self._phase}")
        self._status = Console(stderr=True).status(self._phase, spinner="dots")
        self._status.start()

    def line(self, text: str) -> None:
        """Show the last line of the running command, a few times a second at the most."""
        if self.verbose and not self.live:
            say(f"    {text}")
        elif self._status is not None and time.monotonic() - self._shown > 0.2:
            from rich.markup import escape

            self._shown = time.monotonic()
            seconds = time.monotonic() - self.began
            self._status.update(f"{escape(self._phase)}  {seconds:.0f} s  [dim]{escape(text[:90])}[/dim]")

    def note(self, text: str) -> None:
        """Print one sentence."""
        self._stop()
        say(f"{paint('note:', 'yellow')} {text}")

    def started(self, name: str, total: int | None) -> None:
        """Begin a download."""
        self._stop()
        if not self.live:
            say(f"{paint(f'[{time.monotonic() - self.began:6.1f} s]', 'dim')} fetch {name}")
            return
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("fetch {task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn(),
            console=Console(stderr=True),
        )  # fmt: skip
        self._bar.start()
        self._task = self._bar.add_task(name, total=total)

    def advanced(self, count: int) -> None:
        """Move the bar."""
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, count)

    def finished(self) -> None:
        """End the download."""
        self._stop()

    def failed(self, error: PybuildError) -> None:
        """Print a failure that is not the end."""
        self._stop()
        say(explain(error).rstrip())

    @contextmanager
    def builds(self) -> Iterator[Callable[[RunRecord], None]]:
        """Show several builds at once."""
        from pybuild.cli.builds_view import BuildsView

        self._stop()
        with BuildsView(began=self.began, live=self.live and not self.verbose).watching() as view:
            yield view

    def run_ended(self, record: RunRecord) -> None:
        """Show when each build was under way."""
        if len([build for build in record.builds if build.began]) > 1:
            from pybuild.cli.timeline import timeline

            self._stop()
            for line in timeline(record):
                say(line)

    def _stop(self) -> None:
        if self._status is not None:
            self._status.stop()
        if self._bar is not None:
            self._bar.stop()
        self._status = self._bar = self._task = None
