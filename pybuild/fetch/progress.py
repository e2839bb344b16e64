"""How a download tells how far it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Is told how a download goes on."""

    def started(self, name: str, total: int | None) -> None:
        """Begin, or begin again from nothing: ``total`` bytes are expected, None where nobody knows."""

    def advanced(self, count: int) -> None:
        """Have this many bytes more; after ``started``, those kept from an earlier run come first."""

    def finished(self) -> None:
        """Have the whole file, its hash checked."""


class Silent:
    """Says nothing."""

    def started(self, name: str, total: int | None) -> None:
        """Say nothing."""

    def advanced(self, count: int) -> None:
        """Say nothing."""

    def finished(self) -> None:
        """Say nothing."""


SILENT = Silent()
