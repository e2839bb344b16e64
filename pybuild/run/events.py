"""What a build tells while it goes on: lines of JSON in a file of its own, which anybody may follow.

A file does for a child process and for a batch job on another node, and it is the record afterwards.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from pybuild.errors import BuildError, PybuildError
from pybuild.model.run import Phase, Progress, State

PREPARE = "prepare"
"""The phase before any other: sources are hashed, the host prefix is made."""


class Events:
    """The file of one build, open for more.

    Args:
        path: the file; None tells nobody.

    Attributes:
        logged: the build has a log: it was done here, and not found.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.logged = False

    def began(self) -> None:
        """It begins, on this node."""
        self._tell("began", node=platform.node(), process=os.getpid())

    def phase(self, name: str) -> None:
        """It enters a phase."""
        self._tell("phase", name=name)

    def log(self, path: str) -> None:
        """Its log stands there."""
        self.logged = True
        self._tell("log", path=path)

    def ended(self, state: State) -> None:
        """It is over without an error."""
        self._tell("ended", state=state)

    def skipped(self, because: str) -> None:
        """It cannot be built, because that one was not."""
        self._tell("ended", state="skipped", because=because)

    def failed(self, error: PybuildError, state: State = "failed") -> None:
        """It ended with an error."""
        what: dict[str, Any] = {"code": int(error.code), "message": error.message, "hint": error.hint or ""}
        if isinstance(error, BuildError):
            what |= {"log": error.log or "", "tail": list(error.tail), "reopen": error.reopen or ""}
        self._tell("ended", state=state, **what)

    def _tell(self, event: str, **what: Any) -> None:
        if self._path is None:
            return
        line = json.dumps({"at": round(time.time(), 3), "event": event, **what}) + "\n"
        with self._path.open("a") as file:
            file.write(line)


class Follower:
    """Reads one build's events as they come.

    Attributes:
        progress: as far as they have been read.
    """

    def __init__(self, path: Path, progress: Progress) -> None:
        self.progress = progress
        self._path = path
        self._read = 0

    def look(self) -> Progress:
        """Read what is new and return the progress."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._read)
                text = file.read()
        except OSError:
            return self.progress
        whole = text[: text.rfind(b"\n") + 1]  # a line may be half written
        self._read += len(whole)
        self.progress = after(self.progress, _parsed(whole))
        return self.progress


def after(progress: Progress, events: Iterable[Mapping[str, Any]]) -> Progress:
    """Return the progress after some events more."""
    for event in events:
        with suppress(KeyError, TypeError, ValueError):  # one that says less than it must says nothing
            progress = _HANDLERS.get(str(event.get("event")), _unchanged)(progress, event)
    return progress


def _parsed(text: bytes) -> Iterable[Mapping[str, Any]]:
    for line in text.splitlines():
        try:
            found = json.loads(line)
        except ValueError:  # a full disk cuts lines off
            continue
        if isinstance(found, dict):
            yield found


def _unchanged(progress: Progress, event: Mapping[str, Any]) -> Progress:
    return progress


def _began(progress: Progress, event: Mapping[str, Any]) -> Progress:
    """Begin, or begin again on another node: what was told before does not count."""
    phases = (Phase(name=PREPARE, began=event["at"]),)
    return replace(
        progress, state="builds", began=event["at"], ended=0.0, node=event["node"], phases=phases, code=0,
        message="", hint="", tail=(), log="", reopen="", because="",
    )  # fmt: skip


def _phase(progress: Progress, event: Mapping[str, Any]) -> Progress:
    phases = (*closed(progress.phases, event["at"]), Phase(name=event["name"], began=event["at"]))
    return replace(progress, phases=phases)


def _log(progress: Progress, event: Mapping[str, Any]) -> Progress:
    return replace(progress, log=event["path"])


def _ended(progress: Progress, event: Mapping[str, Any]) -> Progress:
    return replace(
        progress, state=event["state"], ended=event["at"], phases=closed(progress.phases, event["at"]),
        code=event.get("code", 0), message=event.get("message", ""), hint=event.get("hint", ""),
        tail=tuple(event.get("tail", ())), reopen=event.get("reopen", ""), because=event.get("because", ""),
        log=event.get("log") or progress.log,
    )  # fmt: skip


def closed(phases: tuple[Phase, ...], at: float) -> tuple[Phase, ...]:
    """Return the phases with the last one ended, if it was not."""
    if not phases or phases[-1].ended:
        return phases
    return (*phases[:-1], replace(phases[-1], ended=at))


_HANDLERS = {"began": _began, "phase": _phase, "log": _log, "ended": _ended}
