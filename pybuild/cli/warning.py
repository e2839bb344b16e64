"""The warning of a batch system that a job's time is nearly over."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pybuild.errors import OutOfTimeError, PybuildError


@contextmanager
def warned(what: str, stopped: Callable[[PybuildError], None]) -> Iterator[None]:
    """Stop cleanly when a batch system says that the job's time is nearly over (SIGUSR1).

    Args:
        what: the work, in one word.
        stopped: told of it, once the work has ended.

    Raises:
        OutOfTimeError: it did.
    """
    over = False

    def stop(number: int, frame: object) -> None:
        nonlocal over
        over = True
        signal.raise_signal(signal.SIGTERM)  # as if somebody had stopped it: cli.main knows how

    before = signal.signal(signal.SIGUSR1, stop)
    try:
        yield
    except KeyboardInterrupt:
        if not over:
            raise
        error = OutOfTimeError(
            f"the job's time is nearly over, the {what} was stopped",
            hint="the same command goes on; give each job more time: --job-options='-t 2:00:00'",
        )
        stopped(error)
        raise error from None
    finally:
        signal.signal(signal.SIGUSR1, before)
