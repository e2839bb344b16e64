"""One run: which packages are built together, and how far each of them is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["waits", "builds", "built", "found", "failed", "skipped", "stopped"]
"""``found``: the channel had it by then; ``skipped``: something that it needs failed."""

OVER: tuple[State, ...] = ("built", "found", "failed", "skipped", "stopped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A part of a build; times are seconds since the epoch, ``ended`` is 0 while it lasts."""

    name: str
    began: float
    ended: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far one build is.

    Attributes:
        needs: names of the builds of this run that come first.
        expected: seconds that it should take, from earlier runs; 0 where nobody knows.
        began, ended: seconds since the epoch, 0 for not yet.
        node: where it runs.
        job: number of its batch job, ``""`` where it has none.
        log: path of its log.
        code: its exit code, once it failed.
        message, hint, tail: of the error, and the log's lines that matter.
        reopen: script that opens a shell in what it left.
        because: the failed build that this one was skipped for.
        again: how often its job was submitted again, because a node was lost.
    """

    name: str
    version: str
    key: str
    needs: tuple[str, ...] = ()
    expected: float = 0.0
    state: State = "waits"
    phases: tuple[Phase, ...] = ()
    began: float = 0.0
    ended: float = 0.0
    node: str = ""
    job: str = ""
    log: str = ""
    code: int = 0
    message: str = ""
    hint: str = ""
    tail: tuple[str, ...] = ()
    reopen: str = ""
    because: str = ""
    again: int = 0

    @property
    def phase(self) -> str:
        """Name of what it does now, or did last."""
        return self.phases[-1].name if self.phases else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What is kept of a run.

    Attributes:
        name: of its folder: ``20261128-084613-toyext``.
        command: as the user typed it.
        jobs: processes that all builds together may use; 0 where a batch system decides.
        on: ``here`` or ``slurm``.
        began, ended: seconds since the epoch; ``ended`` is 0 while it lasts, and where it was killed.
        held: (name, version) of packages that needed no build: taken from a channel.
        options: the user's words for the command that takes batch jobs.
        each: processes that the build of each job may use, 0 for those that its node has.
        last: the batch job that installs what was built; None where the run does so itself.
    """

    name: str
    command: str
    prefix: str
    site: str
    jobs: int
    on: str
    began: float
    ended: float = 0.0
    builds: tuple[Progress, ...] = ()
    held: tuple[tuple[str, str], ...] = ()
    options: tuple[str, ...] = ()
    each: int = 0
    last: Progress | None = None
