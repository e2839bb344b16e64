"""How the engine tells what it does; everything here says nothing, ``cli`` has one that speaks."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pybuild.errors import PybuildError
    from pybuild.model.run import RunRecord


class Report:
    """Progress of one run."""

    def phase(self, package: str, phase: str) -> None:
        """A package enters a phase."""

    def line(self, text: str) -> None:
        """A command of a build printed a line."""

    def note(self, text: str) -> None:
        """Something happened that the user should know, in one sentence."""

    def started(self, name: str, total: int | None) -> None:
        """A download begins; ``total`` bytes where that is known."""

    def advanced(self, count: int) -> None:
        """A download has so many more bytes."""

    def finished(self) -> None:
        """A download is complete."""

    def failed(self, error: PybuildError) -> None:
        """A build failed, and others go on."""

    @contextmanager
    def builds(self) -> Iterator[Callable[[RunRecord], None]]:
        """Several builds go on at once; what this yields is told how far all of them are, many times."""
        yield lambda record: None

    def run_ended(self, record: RunRecord) -> None:
        """The builds of a run are over."""
