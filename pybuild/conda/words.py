"""What the engine says, in one line."""

from __future__ import annotations


def reason_of(error: Exception) -> str:
    """Return what the engine did and what stopped it in one line; it gives each cause a line of its own."""
    lines = [line.strip().removeprefix("Caused by: ") for line in str(error).splitlines() if line.strip()]
    return ": ".join(dict.fromkeys((*lines[:1], *lines[-1:]))) or type(error).__name__
