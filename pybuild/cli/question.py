"""The question whether to go ahead, asked on the terminal before anything changes."""

from __future__ import annotations

import sys

from pybuild.errors import Interrupted, UsageError


def demand_yes(question: str, *, hint: str) -> None:
    """Ask a question that only "yes" answers well.

    Args:
        hint: what to type where there is no terminal to ask on.

    Raises:
        UsageError: there is none.
        Interrupted: the answer is no.
    """
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on", hint=hint)
    sys.stderr.write(f"\n{question} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Interrupted("not accepted; nothing was changed")
