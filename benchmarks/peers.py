"""One command of the benchmark, whoever's it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


def nothing() -> None:
    """Reset what needs no reset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A command that does a case's work.

    Attributes:
        name: unique within its case.
        does: what it does, in a few words; peers never do exactly the same.
        env: its whole environment.
        reset: brings back the state before the command; not timed.
    """

    name: str
    does: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    reset: Callable[[], None] = nothing

    @property
    def slug(self) -> str:
        """The name as a part of a file name."""
        return re.sub(r"\W+", "-", self.name).strip("-")
