"""How a check's process ended, in words."""

from __future__ import annotations

import signal

from pybuild.process import Captured

_TAIL = 12  # lines of output that an error shows


def how_it_ended(answer: Captured, timeout: float) -> str:
    """Return a phrase for the way a process ended: exit code, signal, time limit, not started."""
    if answer.code == 124 and answer.err.rstrip().endswith(f"no answer within {timeout} s"):
        return f"no end within {timeout:g} s"
    if answer.code < 0:
        names = {number.value: number.name for number in signal.Signals}
        return f"ended by {names.get(-answer.code, f'signal {-answer.code}')}"
    if answer.code == 0:
        return "it left before its end with exit code 0"
    return f"exit code {answer.code}"


def last_lines(answer: Captured) -> str:
    """Return the last lines of a process's output, each on a line of its own, standard error last."""
    lines = [line for text in (answer.out, answer.err) for line in text.splitlines() if line.strip()]
    return "".join(f"\n  {line}" for line in lines[-_TAIL:])
