"""What the engine says, in one line."""

from __future__ import annotations

import functools


def reason_of(error: Exception) -> str:
    """Return what the engine did and what stopped it in one line; it gives each cause a line of its own."""
    lines = [line.strip(" │├└─").removeprefix("Caused by: ") for line in str(error).splitlines()]
    lines = [line for line in lines if line]
    return ": ".join(dict.fromkeys((*lines[:1], *lines[-1:]))) or type(error).__name__


@functools.cache
def engine_errors() -> tuple[type[Exception], ...]:
    """Return the classes of the engine's own errors; they have no base class in common.

    Only these, and those of the system, are answers of the engine. Anything else is a fault of ours.
    """
    from rattler import exceptions

    found = (value for value in vars(exceptions).values() if isinstance(value, type))
    return (
        *(one for one in found if issubclass(one, Exception) and not issubclass(one, Warning)),
        OSError,
    )
