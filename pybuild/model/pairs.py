"""Names with their values, in the order in which a file has them."""

from __future__ import annotations

Pairs = tuple[tuple[str, str], ...]
