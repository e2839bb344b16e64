"""Records that were written as JSON, by this pybuild or another one: taken as they are, or refused by key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")


def read_mapping(path: Path) -> dict[str, Any] | None:
    """Return the mapping in a file, None where there is none that can be read."""
    try:
        data = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None


def structured(data: object, kind: type[T]) -> T:
    """Return a record out of what JSON held; keys that only a newer pybuild knows are passed over.

    Raises:
        ValueError: a key is missing or does not hold what it must; the sentence begins with the key.
    """
    from cattrs import structure, transform_error
    from cattrs.errors import BaseValidationError

    if not isinstance(data, dict):
        raise ValueError("expected a mapping")  # noqa: TRY004
    try:
        return structure(data, kind)
    except (BaseValidationError, ValueError, TypeError, KeyError, AttributeError) as error:
        reason, _, path = transform_error(error)[0].partition(" @ $")
        raise ValueError(f"{path.lstrip('.')}: {reason}" if path else reason) from error
