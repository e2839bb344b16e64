"""How many processes a build's command may start, where several builds share one budget.

GNU make and Ninja share the tokens of the jobserver themselves, one token for each command that they run,
as soon as they are told of it instead of a number. So does a recipe's own script that asks for JOBSERVER.
Every other command is given a number, as many as there are tokens at its start, and holds them to its end.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from pybuild import process
from pybuild.model.plan import Run
from pybuild.plan.templates import late

JOBS = "${{ jobs }}"
JOBSERVER = "JOBSERVER"
"""Variable with the named pipe, for scripts that mention it: they read a byte for each process beside their
first, and write it back. Where a build is alone it is not set."""

_NUMBERED = ("-j", "--jobs", "--parallel")
_FIFO_MAKE, _FIFO_NINJA = (4, 4), (1, 13)
"""The first releases that take a named pipe; GNU make's NEWS 4.4, Ninja's release notes 1.13."""

_FILES_MAKE = (4, 3)
"""The first GNU make that waits where another takes the token that it saw; older ones end with an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What one build may use.

    Attributes:
        jobs: processes at most.
        fifo: named pipe of the jobserver, ``""`` where the build is alone.
        counted: (variable, text with ``${{ jobs }}``) of the environment, by which commands learn the number.
    """

    jobs: int
    fifo: str = ""
    counted: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command as it is started.

    Attributes:
        files: open files that it shares with us.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    files: tuple[int, ...] = ()


@contextmanager
def budgeted(
    step: Run, tokens: Mapping[str, str], environment: Mapping[str, str], budget: Budget
) -> Iterator[Command]:
    """Yield the command of a step with its share of the budget, which it has for as long as it runs.

    Args:
        tokens: values of the late tokens.
        environment: of the build.
    """
    if not budget.fifo:
        yield Command(argv=_filled(step.argv, tokens), environment=environment)
        return
    pipe = os.open(budget.fifo, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    taken = 0
    try:
        told = _told(step, tokens, environment, budget, pipe)
        if told is None:
            told, taken = _numbered(step, tokens, environment, budget, pipe)
        yield told
    finally:
        if taken:
            os.write(pipe, b"+" * taken)
        os.close(pipe)


def _told(
    step: Run, tokens: Mapping[str, str], environment: Mapping[str, str], budget: Budget, pipe: int
) -> Command | None:
    """Return a command that is told of the jobserver; None for one that does not know what that is."""
    if any(JOBSERVER in word for word in step.argv):
        return Command(argv=_filled(step.argv, tokens), environment={**environment, JOBSERVER: budget.fifo})
    program = os.path.basename(step.argv[0])
    if "MAKEFLAGS" in environment or program not in ("make", "gmake", "cmake", "ninja", "meson"):
        return None
    files: tuple[int, ...] = ()
    if program in ("make", "gmake"):
        release = _release(step.argv[0], environment)
        if release < _FILES_MAKE:
            return None
        files = (pipe,) if release < _FIFO_MAKE else ()
        flags = f"--jobserver-auth={pipe},{pipe}" if files else f"--jobserver-auth=fifo:{budget.fifo}"
    elif _release("ninja", environment) >= _FIFO_NINJA:
        flags = f"--jobserver-auth=fifo:{budget.fifo}"
    else:
        return None
    argv = _filled(_without_number(step.argv), tokens)
    return Command(
        argv=argv, environment={**environment, "MAKEFLAGS": f" -j{budget.jobs} {flags}"}, files=files
    )


def _release(program: str, environment: Mapping[str, str]) -> tuple[int, ...]:
    """Return a program's version as numbers, nothing where it has none to tell."""
    if shutil.which(program, path=environment.get("PATH", os.defpath)) is None:
        return ()
    answer = process.capture((program, "--version"), env=environment, timeout=20)
    found = re.search(r"(\d+)\.(\d+)", answer.out.partition("\n")[0])
    return (int(found[1]), int(found[2])) if found else ()


def _without_number(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Return an argv without its number of processes, which would overrule the jobserver."""
    words: list[str] = []
    for word in argv:
        if word == JOBS and words and words[-1] in _NUMBERED:
            words.pop()
        elif JOBS not in word or not word.startswith(_NUMBERED):
            words.append(word)
    return tuple(words)


def _numbered(
    step: Run, tokens: Mapping[str, str], environment: Mapping[str, str], budget: Budget, pipe: int
) -> tuple[Command, int]:
    """Return a command that is given a number, and how many tokens were taken for it."""
    taken = 0
    while _counts(step, budget) and taken < budget.jobs - 1 and _take(pipe):
        taken += 1
    filled = {**tokens, "jobs": str(1 + taken)}
    own = {name: late(text, filled) for name, text in budget.counted.items() if name in environment}
    return Command(argv=_filled(step.argv, filled), environment={**environment, **own}), taken


def _counts(step: Run, budget: Budget) -> bool:
    """Return whether a command may start several processes: tokens for one that does not would lie idle."""
    if any(word in text for text in step.argv for word in (JOBS, *budget.counted)):
        return True
    # What a recipe sets of its own (MAKEFLAGS) is heard without being named.
    return step.name != "configure" and any(name != "JOBS" for name in budget.counted)


def _take(pipe: int) -> bool:
    try:
        return bool(os.read(pipe, 1))
    except BlockingIOError:
        return False


def _filled(argv: tuple[str, ...], tokens: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(late(word, tokens) for word in argv)
