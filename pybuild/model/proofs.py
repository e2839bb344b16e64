"""What was proven of a recipe: which release was built and verified where, when and how far."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofRow:
    """One line of ``recipes/<name>/proof.yaml``.

    Attributes:
        python: full version of the prefix's Python.
        box: whether the site was imitated on another machine.
        providers: (virtual, what stood behind it) pairs, without paths and keys.
        level: the verification level that was reached.
        date: UTC, ``2026-11-22``.
        machine: operating system and processor.
        pybuild: the version that built it.
    """

    version: str
    options: tuple[str, ...] = ()
    python: str
    site: str
    box: bool = False
    providers: tuple[tuple[str, str], ...] = ()
    level: str
    date: str
    machine: str
    pybuild: str

    def about(self) -> tuple[object, ...]:
        """Return what the row is about: a newer row about the same takes its place."""
        return (self.version, self.options, tuple(self.python.split(".")[:2]), self.site, self.box)
