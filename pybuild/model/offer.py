"""What somebody else than our recipes has under a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Form = Literal["source", "pure", "compiled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What one conda channel, or the package index, has under a name.

    Attributes:
        place: the channel or the index, fit to be shown.
        name: as it is spelled there.
        versions: newest first.
        forms: in which forms the newest version comes.
        requires: names of what the newest version needs, None where that is not told without a download.
        summary: what it is, ``""`` where that is not told.
    """

    source: Literal["conda", "index"]
    place: str
    name: str
    versions: tuple[str, ...]
    forms: tuple[Form, ...] = ()
    requires: tuple[str, ...] | None = None
    summary: str = ""
