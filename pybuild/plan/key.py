"""The key: a digest of everything that can change the result of a build."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

FORMAT = 1
"""Raised whenever the engine itself comes to build the same inputs differently."""


def canonical(inputs: Mapping[str, object]) -> str:
    """Return ``inputs`` as one line of JSON that is equal exactly when the inputs are."""
    return json.dumps({"format": FORMAT, **inputs}, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def digest(text: str) -> str:
    """Return the first 12 hex digits of the SHA-256 of ``text``."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def keys(inputs: Mapping[str, object]) -> tuple[str, str, str]:
    """Return (key, loose key, canonical inputs).

    The loose key leaves out which compiler there is,
    so that a machine without one can still find what it could not have built.
    """
    text = canonical(inputs)
    loose = canonical({name: value for name, value in inputs.items() if name != "compiler"})
    return digest(text), digest(loose), text
