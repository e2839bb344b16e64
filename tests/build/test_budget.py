"""Commands of several builds within one budget: real make, real Ninja, and what knows neither."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import ninja
import pytest

from pybuild.build.budget import JOBS, Budget, budgeted
from pybuild.model.plan import Run
from pybuild.run.jobserver import Jobserver

_PARTS = 6
# Nobody ends before three have begun, or nobody else came for a minute: how quick they are is no matter.
_CROWD = (
    "tries=0; until [ $$(wc -l < {trace}) -ge 3 ] || [ $$tries -gt 600 ]; "
    "do sleep 0.1; tries=$$((tries + 1)); done; "
)
_TRACE = (
    f"echo begins $$(date +%s.%N) >> {{trace}}; {_CROWD}sleep 0.2; echo ends $$(date +%s.%N) >> {{trace}}"
)


@pytest.fixture
def jobserver() -> Iterator[Jobserver]:
    """A budget of three, of which two builds have one each."""
    found = Jobserver(3)
    assert found.take()
    assert found.take()
    yield found
    found.close()


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of a build whose ninja is one that knows the jobserver."""
    return {"PATH": f"{ninja.BIN_DIR}:/usr/bin:/bin", "HOME": str(folder)}


def run(step: Run, folder: Path, jobserver: Jobserver, counted: Mapping[str, str] | None = None) -> str:
    """Run a step as a build does and return its output."""
    budget = Budget(jobs=3, fifo=jobserver.path, counted=counted or {})
    with budgeted(step, {"jobs": "3"}, environment(folder), budget) as command:
        done = subprocess.run(
            command.argv, env=dict(command.environment), cwd=folder, pass_fds=command.files,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def peak(trace: Path) -> int:
    """Return how many commands were at work at the same time."""
    events = sorted(
        (float(when), 1 if event == "begins" else -1)
        for event, when in (line.split() for line in trace.read_text().splitlines())
    )
    assert len(events) % (2 * _PARTS) == 0
    most = now = 0
    for _, change in events:
        now += change
        most = max(most, now)
    return most


def make(folder: Path, trace: Path) -> Run:
    """Write a makefile and return the step that makes it."""
    names = " ".join(f"part{number}" for number in range(_PARTS))
    text = f"all: {names}\n{names}:\n\t@{_TRACE.format(trace=trace)}\n"
    (folder / "Makefile").write_text(text)
    return Run(name="make", argv=("make", f"-j{JOBS}"))


def ninja_build(folder: Path, trace: Path) -> Run:
    """Write a file for Ninja and return the step that builds it."""
    rules = f"rule part\n  command = {_TRACE.format(trace=trace)}\n"
    parts = "".join(f"build part{number}: part\n" for number in range(_PARTS))
    (folder / "build.ninja").write_text(rules + parts)
    return Run(name="build", argv=("ninja", "-j", JOBS))


@pytest.mark.parametrize("kinds", [(make, make), (ninja_build, ninja_build), (make, ninja_build)])
def test_two_builds_share_three_processes(
    tmp_path: Path, jobserver: Jobserver, kinds: tuple[object, object]
) -> None:
    """At times all three are used, never more, and every token comes back."""
    trace = tmp_path / "trace"
    workers = []
    said: list[str] = []
    for number, kind in enumerate(kinds):
        folder = tmp_path / str(number)
        folder.mkdir()
        step = kind(folder, trace)  # type: ignore[operator]
        workers.append(threading.Thread(target=lambda s=step, f=folder: said.append(run(s, f, jobserver))))
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(said) == 2
    assert "warning" not in "".join(said)
    assert peak(trace) == 3
    assert [jobserver.take(), jobserver.take()] == [True, False], "one token is free, as before"


def test_what_knows_no_jobserver_is_given_a_number(tmp_path: Path, jobserver: Jobserver) -> None:
    """Its own process and those that are free, held until it ends."""
    step = Run(name="build", argv=("sh", "-c", f"echo {JOBS} $JOBS"))
    assert run(step, tmp_path, jobserver, {"JOBS": JOBS}).strip() == "2"
    counted = {"JOBS": JOBS}
    budget = Budget(jobs=3, fifo=jobserver.path, counted=counted)
    with budgeted(step, {"jobs": "3"}, {**environment(tmp_path), "JOBS": "3"}, budget) as command:
        assert command.environment["JOBS"] == "2"
        assert not jobserver.take()
    assert jobserver.take()


@pytest.mark.parametrize(
    ("version", "auth"),
    [("3.82", None), ("4.2.1", None), ("4.3", "--jobserver-auth=[0-9]"), ("4.4.1", "--jobserver-auth=fifo:")],
)
def test_an_old_make_is_given_a_number(
    tmp_path: Path, jobserver: Jobserver, version: str, auth: str | None
) -> None:
    """Before 4.3 it ends with an error where another make takes the token that both have seen."""
    program = tmp_path / "make"
    program.write_text(f"#!/bin/sh\necho GNU Make {version}\n")
    program.chmod(0o755)
    step = Run(name="make", argv=(str(program), f"-j{JOBS}"))
    with budgeted(step, {"jobs": "3"}, environment(tmp_path), Budget(jobs=3, fifo=jobserver.path)) as command:
        assert command.argv[1:] == (() if auth else ("-j2",))
        assert re.search(auth or "^$", command.environment.get("MAKEFLAGS", ""))
        assert len(command.files) == (version == "4.3")


def test_a_script_that_asks_for_the_pipe_shares_it(tmp_path: Path, jobserver: Jobserver) -> None:
    """Told of the pipe and of the whole budget; nothing is taken for it, and nothing where it is alone."""
    step = Run(name="before", argv=("sh", "-c", f"echo $JOBSERVER {JOBS}"))
    assert run(step, tmp_path, jobserver).split() == [jobserver.path, "3"]
    assert jobserver.take()
    with budgeted(step, {"jobs": "3"}, environment(tmp_path), Budget(jobs=3)) as command:
        assert "JOBSERVER" not in command.environment


def test_a_command_that_starts_nothing_takes_nothing(tmp_path: Path, jobserver: Jobserver) -> None:
    """``./configure`` in an environment that has JOBS leaves the tokens to the others."""
    budget = Budget(jobs=3, fifo=jobserver.path, counted={"JOBS": JOBS})
    step = Run(name="configure", argv=("./configure",))
    with budgeted(step, {"jobs": "3"}, {**environment(tmp_path), "JOBS": "3"}, budget) as command:
        assert command.environment["JOBS"] == "1"
        assert jobserver.take()
        jobserver.give()


def test_what_killed_builds_took_comes_back() -> None:
    """Filled again when nothing runs, it holds the whole budget and no more."""
    found = Jobserver(3)
    assert found.take()
    found.refill()
    assert [found.take() for _ in range(4)] == [True, True, True, False]
    found.close()
    assert not Path(found.path).parent.exists()
