"""What is wrong with a shell or a prefix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that somebody should know.

    Attributes:
        check: name of the check that found it.
        level: ``wrong`` for what breaks something or has broken it, ``note`` for what may.
        what: what was found, in a sentence.
        why: why it matters, and who says so.
        cure: what to type.
    """

    check: str
    level: Literal["wrong", "note"]
    what: str
    why: str
    cure: str
