"""Run commands side by side, in turns, and say how long each took and how many files it touched."""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from peers import Peer

_STRACE_ROW = re.compile(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(\d+)?\s*(\w+)$")
_PHASE = re.compile(r"^\[\s*([\d.]+) s\] ([^:]+(?:: .+)?)$")


class BenchmarkError(Exception):
    """A command of the benchmark failed; the numbers would mean nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One timed run: seconds on the clock, and of all processors together."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """System calls that name a file, of a command and its children.

    Attributes:
        opened: files and folders opened.
        failed: calls for something that is not there; on a parallel file system they cost as much.
    """

    opened: int
    total: int
    failed: int


@dataclass(slots=True, kw_only=True)
class Measured:
    """Everything seen of one peer.

    Attributes:
        phases: for each run, (what began, at which second), from pybuild's own progress lines.
        cache: hits and misses of the compiler cache during the timed runs, None where it was not used.
    """

    peer: Peer
    samples: list[Sample] = field(default_factory=list)
    calls: Calls | None = None
    phases: list[list[tuple[str, float]]] = field(default_factory=list)
    cache: tuple[int, int] | None = None

    @property
    def median(self) -> float:
        """Median of the seconds on the clock."""
        return statistics.median(sample.wall for sample in self.samples)

    @property
    def least(self) -> float:
        """The fastest run: what remains when nobody else uses the machine."""
        return min(sample.wall for sample in self.samples)

    @property
    def cpu(self) -> float:
        """Median of the processor seconds."""
        return statistics.median(sample.cpu for sample in self.samples)


def measure(
    peers: Sequence[Peer], *, runs: int, warm: bool, count: bool, logs: Path, say: Callable[[str], None]
) -> list[Measured]:
    """Run the peers in turns and return what was seen, in their order.

    Every round starts with another peer, so that none always runs after the same one.

    Args:
        warm: one run of each is not counted, so that all caches are filled.
        count: count file calls in one more run, which is not timed either.
        logs: folder for what the commands print.

    Raises:
        BenchmarkError: a command failed.
    """
    seen = {peer.name: Measured(peer=peer) for peer in peers}
    for peer in peers if warm else ():
        say(f"{peer.name}: warming up")
        _once(peer, logs / f"{peer.slug}-warm.log")
    for number, row in enumerate(_rounds(peers, runs)):
        for peer in row:
            if runs <= 10:
                say(f"{peer.name}: run {number + 1} of {runs}")
            _timed(seen[peer.name], logs / f"{peer.slug}-{number}.log")
    if count and shutil.which("strace"):
        for peer in peers:
            say(f"{peer.name}: counting files")
            seen[peer.name].calls = _count(peer, logs)
    return list(seen.values())


def run_quietly(argv: Sequence[str], env: Mapping[str, str], log: Path, cwd: Path | None = None) -> Sample:
    """Run a command with its output in ``log``.

    Raises:
        BenchmarkError: it failed; the message has the last lines.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as file:
        began = time.perf_counter()
        child = subprocess.Popen(
            argv, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        last = "\n  ".join(log.read_text("utf-8", "replace").splitlines()[-12:])
        raise BenchmarkError(f"{' '.join(argv)}\nexit code {child.returncode}, log {log}\n  {last}")
    return Sample(wall=wall, cpu=usage.ru_utime + usage.ru_stime)


def _rounds(peers: Sequence[Peer], runs: int) -> Iterator[list[Peer]]:
    for number in range(runs):
        first = number % len(peers)
        yield [*peers[first:], *peers[:first]]


def _once(peer: Peer, log: Path) -> Sample:
    peer.reset()
    return run_quietly(peer.argv, peer.env, log, peer.cwd)


def _timed(seen: Measured, log: Path) -> None:
    before = _cache_statistics(seen.peer)
    seen.samples.append(_once(seen.peer, log))
    seen.phases.append(_phases(log))
    after = _cache_statistics(seen.peer)
    if before is not None and after is not None:
        hits, misses = seen.cache or (0, 0)
        seen.cache = (hits + after[0] - before[0], misses + after[1] - before[1])


def _phases(log: Path) -> list[tuple[str, float]]:
    """Return pybuild's progress lines as (phase, second)."""
    lines = (_PHASE.match(line) for line in log.read_text("utf-8", "replace").splitlines())
    return [(line[2], float(line[1])) for line in lines if line]


def _cache_statistics(peer: Peer) -> tuple[int, int] | None:
    if "CCACHE_DIR" not in peer.env or "CCACHE_DISABLE" in peer.env:
        return None
    told = subprocess.run(
        ["ccache", "--print-stats"], env=peer.env, capture_output=True, text=True, check=True
    )
    counts = dict(line.split("\t")[:2] for line in told.stdout.splitlines() if "\t" in line)
    hits = int(counts.get("direct_cache_hit", 0)) + int(counts.get("preprocessed_cache_hit", 0))
    return hits, int(counts.get("cache_miss", 0))


def _count(peer: Peer, logs: Path) -> Calls:
    peer.reset()
    table = logs / f"{peer.slug}-strace.txt"
    argv = ["strace", "-f", "-qq", "-e", "trace=file", "-c", "-o", str(table), *peer.argv]
    run_quietly(argv, peer.env, logs / f"{peer.slug}-strace.log", peer.cwd)
    rows = [row for line in table.read_text().splitlines() if (row := _STRACE_ROW.match(line))]
    counted = {row[3]: (int(row[1]), int(row[2] or 0)) for row in rows if row[3] != "total"}
    return Calls(
        opened=sum(calls - failed for name, (calls, failed) in counted.items() if name.startswith("open")),
        total=sum(calls for calls, _ in counted.values()),
        failed=sum(failed for _, failed in counted.values()),
    )
