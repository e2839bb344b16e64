"""Several builds at once on this machine: started in order, followed, and ended together."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from pybuild.errors import BuildError, Interrupted
from pybuild.model.plan import Plan
from pybuild.model.run import OVER, Progress, RunRecord
from pybuild.run.events import Events, Follower
from pybuild.run.folder import RunFolder
from pybuild.run.jobserver import Jobserver
from pybuild.run.order import building, guess, is_heavy, spoilt, ways

PAUSE = 0.05
"""Seconds between two looks at everything."""

PATIENCE = 8.0
"""Seconds that a build gets to clean up after it was told to stop."""


class Process(Protocol):
    """A child that carries out one build, or some light ones; see :class:`pybuild.process.Worker`."""

    def code(self) -> int | None:
        """Return its exit code, None while it runs."""

    def end(self) -> None:
        """Ask it to stop."""

    def wait(self, seconds: float) -> None:
        """Wait so long, then end it for good."""


@dataclass(slots=True)
class Crew:
    """The builds of one run on this machine.

    Attributes:
        start: starts a child for these builds.
        watch: told of every change, and at least several times a second.
    """

    folder: RunFolder
    record: RunRecord
    plan: Plan
    jobserver: Jobserver
    start: Callable[[tuple[Progress, ...]], Process]
    watch: Callable[[RunRecord], None]
    _followers: dict[str, Follower] = field(default_factory=dict)
    _running: list[tuple[tuple[str, ...], Process]] = field(default_factory=list)
    _builds: dict[str, Progress] = field(default_factory=dict)

    def work(self) -> RunRecord:
        """Carry out every build that can be, and return how they ended; a failed one stops no other.

        Whatever ends this early (Ctrl-C) ends the children first.
        """
        self._builds = {build.name: build for build in self.record.builds}
        self._followers = {build.name: self.folder.follower(build) for build in self.record.builds}
        try:
            while True:
                self._look()
                self._begin()
                self.watch(self._now())
                if not self._running and all(b.state in OVER for b in self._builds.values()):
                    return self._now()
                time.sleep(PAUSE)
        except BaseException:
            self._stop()
            self.watch(self._now())
            raise

    def _now(self) -> RunRecord:
        self.record = replace(self.record, builds=tuple(self._builds.values()))
        return self.record

    def _look(self) -> None:
        for names, child in tuple(self._running):
            code = child.code()
            for name in names:
                self._builds[name] = self._followers[name].look()
            if code is None:
                continue
            self._running.remove((names, child))
            self.jobserver.give()
            for name in names:
                self._account(name, code)
        if not self._running:
            self.jobserver.refill()

    def _account(self, name: str, code: int) -> None:
        """Say how a build ended whose child has; one that was killed could not say so itself."""
        if self._builds[name].state not in OVER:
            hint = f"what it printed: {self.folder.output(name)}"
            self._events(name).failed(BuildError(_end_of(name, code), hint=hint))
            self._builds[name] = self._followers[name].look()
        if self._builds[name].state in ("failed", "stopped"):
            for other in spoilt({b.name: b.needs for b in self._builds.values()}, name):
                if self._builds[other].state == "waits":
                    self._events(other).skipped(name)
                    self._builds[other] = self._followers[other].look()

    def _events(self, name: str) -> Events:
        return Events(self.folder.events(name, self._builds[name].key))

    def _begin(self) -> None:
        """Start what can be: the longest way first; what is light goes together into one child."""
        ready = self._ready()
        while ready and self.jobserver.take():
            first = ready[0]
            names = (
                tuple(n for n in ready if n not in self._heavy()) if first not in self._heavy() else (first,)
            )
            try:
                child = self.start(tuple(self._builds[name] for name in names))
            except BaseException:
                self.jobserver.give()
                raise
            self._running.append((names, child))
            ready = self._ready()

    def _ready(self) -> list[str]:
        begun = {name for names, _ in self._running for name in names}
        done = {name for name, build in self._builds.items() if build.state in ("built", "found")}
        needs = {name: build.needs for name, build in self._builds.items()}
        guesses = {package.name: guess(package) for package in building(self.plan)}
        way = ways(needs, {n: build.expected or guesses[n] for n, build in self._builds.items()})
        able = [
            name
            for name, build in self._builds.items()
            if build.state == "waits" and name not in begun and done.issuperset(build.needs)
        ]
        return sorted(able, key=lambda name: -way[name])

    def _heavy(self) -> set[str]:
        return {package.name for package in building(self.plan) if is_heavy(package)}

    def _stop(self) -> None:
        for _, child in self._running:
            child.end()
        for names, child in self._running:
            child.wait(PATIENCE)
            for name in names:
                if self._followers[name].look().state not in OVER:
                    self._events(name).failed(Interrupted("interrupted"), "stopped")
                self._builds[name] = self._followers[name].look()
        self._running.clear()


def _end_of(name: str, code: int) -> str:
    if code == -9:
        return (
            f"{name}: its build was killed (signal 9): most often for lack of memory, "
            "which fewer processes need less of (-j)"
        )
    if code < 0:
        return f"{name}: its build was ended by signal {-code}"
    return f"{name}: its build ended with exit code {code} before it said why"
