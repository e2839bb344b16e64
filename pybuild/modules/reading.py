"""Reading what the script of a module plan wrote down."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pybuild.model.modules import is_named, matches

# The shell's own, the user's, and start-up files: a bash or sh of the build must not read any.
_HOUSEKEEPING = frozenset(
    {"PWD", "OLDPWD", "SHLVL", "_", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "BASH_ENV", "ENV"}
)
_OURS = ("__pybuild_", "BASH_FUNC_")

QUIET_CACHE = ("LMOD_SHORT_TIME", "86400")
"""Lmod writes a cache below HOME when looking around took longer than this many seconds."""

_BOOKKEEPING = re.compile(r"LOADEDMODULES|_LMFILES_|_ModuleTable.*|__LMOD_.*|__MODULES_.*|MODULES_LM.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What there was after one operation.

    Attributes:
        loaded: modules with their versions, in the order in which they were loaded.
        folders: the folders of MODULEPATH.
        environment: every exported variable, also the shell's own.
    """

    loaded: tuple[str, ...]
    folders: tuple[str, ...]
    environment: Mapping[str, str]

    def has(self, module: str) -> bool:
        """Return whether a module is loaded, named with or without its version."""
        return any(is_named(one, module) for one in self.loaded)

    def matching(self, *patterns: str) -> tuple[str, ...]:
        """Return what is loaded and matches one of the patterns."""
        return tuple(one for one in self.loaded if any(matches(one, pattern) for pattern in patterns))


@dataclass(slots=True, kw_only=True)
class Reading:
    """Everything that a script wrote down.

    Attributes:
        command: what ``module`` was after the init: ``function``, or ``""`` where there was none.
        at: the operation that was begun last.
        start: the state before the baseline, None where it was not reached.
        states: by operation: ``baseline 0``, ``step 3``.
        answers: the first line of each question's answer.
        complete: whether the script came to its end.
        words: what was printed, by operation.
    """

    command: str = ""
    at: str = ""
    start: State | None = None
    states: dict[str, State] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)
    complete: bool = False
    words: dict[str, str] = field(default_factory=dict)


def read(out: str, err: str, nonce: str) -> Reading:
    """Return what a script with this nonce wrote; what is torn or unknown at the end is left out."""
    reading = Reading()
    for kind, fields in _records(out):
        if kind == "at":
            reading.at = fields[0]
        elif kind == "command":
            reading.command = fields[0]
        elif kind == "state" and reading.at == "folders":
            reading.start = _state(fields)
        elif kind == "state":
            reading.states[reading.at] = _state(fields)
        elif kind == "answer":
            reading.answers.append(fields[0].strip())
        elif kind == "end":
            reading.complete = fields[0] == nonce
    for part in err.split(f"\n{nonce} ")[1:]:
        label, _, text = part.partition("\n")
        reading.words[label] = text
    return reading


def _records(out: str) -> Iterator[tuple[str, list[str]]]:
    parts = out.split("\0")[:-1]
    place = 0
    while place + 1 < len(parts) and parts[place + 1].isdecimal():
        end = place + 2 + int(parts[place + 1])
        if end > len(parts) or end == place + 2:
            return
        yield parts[place], parts[place + 2 : end]
        place = end


def _state(fields: list[str]) -> State:
    pairs = (item.partition("=") for item in fields[2:])
    return State(
        loaded=_listed(fields[0]),
        folders=_listed(fields[1]),
        environment={name: value for name, _, value in pairs},
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(":") if part)


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the shell's housekeeping, the user's names and what the script needed."""
    return {
        name: environment[name]
        for name in sorted(environment)
        if name not in _HOUSEKEEPING
        and not name.startswith(_OURS)
        and (name, environment[name]) != QUIET_CACHE
    }


def changed(before: State, after: State) -> tuple[str, ...]:
    """Return the names of the variables that an operation changed, without the tool's bookkeeping."""
    old, new = clean(before.environment), clean(after.environment)
    names = sorted(old.keys() | new.keys())
    return tuple(n for n in names if old.get(n) != new.get(n) and not _BOOKKEEPING.fullmatch(n))
