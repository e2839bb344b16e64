"""Children get exactly what they are given, and none of them outlives the command that started it."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pybuild import process
from pybuild.process import Captured, capture, run_logged

ENV = {"PATH": "/usr/bin:/bin"}


def gone(pid: int, patience: float = 60) -> bool:
    """Return whether a process is dead (a zombie is) within ``patience`` seconds."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def pid_in(file: Path, patience: float = 60) -> int:
    """Return the number that a process writes into a file."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if file.exists() and (text := file.read_text().strip()):
            return int(text)
        time.sleep(0.01)
    raise AssertionError(f"{file} was not written")


def over_its_time(script: str, begun: Path) -> tuple[Captured, float]:
    """Run a script that never ends until its time is over; return how, and the seconds that it had.

    It has more of them where a busy machine had not let it begin, and write a file, in few.
    """
    for seconds in (0.3, 3.0, 30.0):
        done = capture(("sh", "-c", script), env=ENV, timeout=seconds)
        if begun.exists():
            break
    return done, seconds


@contextmanager
def interrupted_once_in(file: Path) -> Iterator[None]:
    """Interrupt this thread, as Ctrl-C does, once a program has written a file and we wait for its end."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    def alarm() -> None:
        pid_in(file)
        time.sleep(0.2)  # until whoever has started it listens to it
        signal.pthread_kill(here, signal.SIGALRM)

    here, before = threading.get_ident(), signal.signal(signal.SIGALRM, interrupt)
    other = threading.Thread(target=alarm)
    other.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
    finally:
        other.join()
        signal.signal(signal.SIGALRM, before)


def test_capture_returns_code_and_both_streams() -> None:
    """Bytes that are no UTF-8 do not stop it."""
    done = capture(("sh", "-c", "printf 'out\\377'; echo err >&2; exit 3"), env=ENV)
    assert done == (3, "out\N{REPLACEMENT CHARACTER}", "err\n")


def test_the_environment_is_exactly_what_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of our own leaks into a build, not even what every shell has."""
    monkeypatch.setenv("CFLAGS", "-march=native")
    given = {"ONLY": "1", "EMPTY": ""}
    assert capture(("/usr/bin/env", "-0"), env=given).out.split("\0")[:-1] == ["ONLY=1", "EMPTY="]
    log = io.BytesIO()
    assert run_logged(("/usr/bin/env",), env=given, cwd="/", log=log) == 0
    assert log.getvalue() == b"ONLY=1\nEMPTY=\n"


def test_programs_are_found_on_the_given_path_only(tmp_path: Path) -> None:
    """Not on that of the user's shell."""
    assert capture(("sh", "-c", "exit 0"), env={"PATH": str(tmp_path)}).code == 127
    program = tmp_path / "hello"
    program.write_text("#!/bin/sh\necho hello\n")
    program.chmod(0o755)
    assert capture(("hello",), env={"PATH": str(tmp_path)}).out == "hello\n"


def test_there_is_no_terminal_input() -> None:
    """A command that asks gets an end of file: it neither waits for ever nor eats what was typed for us."""
    reader, writer = os.pipe()
    os.write(writer, b"typed\n")
    before = os.dup(0)
    try:
        os.dup2(reader, 0)
        assert capture(("sh", "-c", "read x; echo $?$x"), env=ENV).out == "1\n"
    finally:
        os.dup2(before, 0)
        for handle in (reader, writer, before):
            os.close(handle)


def test_what_cannot_be_started_gives_127_and_the_reason(tmp_path: Path) -> None:
    """In the error text or the log, never as an exception."""
    done = capture(("/no/such/program",), env=ENV)
    assert (done.code, done.out) == (127, "")
    assert "/no/such/program: No such file" in done.err
    assert "Permission denied" in capture((str(tmp_path),), env=ENV).err
    log = io.BytesIO()
    assert run_logged(("/no/such/program",), env=ENV, cwd="/", log=log) == 127
    assert log.getvalue() == b"/no/such/program: No such file or directory\n"


def test_a_missing_folder_is_named_instead_of_the_program() -> None:
    """Otherwise the user looks for a compiler that is there."""
    assert capture(("sh", "-c", "exit 0"), env=ENV, cwd="/no/such/folder").err.startswith("/no/such/folder: ")
    log = io.BytesIO()
    assert run_logged(("sh",), env=ENV, cwd="/no/such/folder", log=log) == 127
    assert log.getvalue().startswith(b"/no/such/folder: ")


def test_a_command_over_its_time_is_killed_with_its_children(tmp_path: Path) -> None:
    """What it had printed is kept, and the code is 124."""
    script = f"sleep 600 & echo begun; echo $! > {tmp_path}/pid; wait"
    started = time.monotonic()
    done, seconds = over_its_time(script, tmp_path / "pid")
    assert time.monotonic() - started < 300
    assert (done.code, done.out) == (124, "begun\n")
    assert f"no answer within {seconds} s" in done.err
    assert gone(pid_in(tmp_path / "pid"))


def test_a_command_that_ignores_sigterm_is_killed_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some patience; shortened here."""
    monkeypatch.setattr(process, "PATIENCE", 0.2)
    script = f"trap '' TERM; echo $$ > {tmp_path}/pid; while :; do sleep 0.05; done"
    assert over_its_time(script, tmp_path / "pid")[0].code == 124
    assert gone(pid_in(tmp_path / "pid"))


def test_a_descendant_that_left_the_group_cannot_hold_us(tmp_path: Path) -> None:
    """It keeps our pipes open; we stop reading, and what was printed is still there."""
    script = f"echo begun; setsid sh -c 'echo $$ > {tmp_path}/pid; exec sleep 600' & sleep 600"
    started = time.monotonic()
    done, _ = over_its_time(script, tmp_path / "pid")
    try:
        assert time.monotonic() - started < 300
        assert (done.code, done.out) == (124, "begun\n")
    finally:
        os.kill(pid_in(tmp_path / "pid"), signal.SIGKILL)


def test_a_log_has_every_line_and_the_listener_too() -> None:
    """In order, both streams together, also the last one without an end of line."""
    log = io.BytesIO()
    seen: list[str] = []
    code = run_logged(
        ("sh", "-c", "echo a; echo b >&2; printf 'c\\377'; exit 7"),
        env=ENV,
        cwd="/",
        log=log,
        on_line=seen.append,
    )
    assert code == 7
    assert log.getvalue() == b"a\nb\nc\xff"
    assert seen == ["a", "b", "c\N{REPLACEMENT CHARACTER}"]


def test_a_log_is_on_disk_line_by_line(tmp_path: Path) -> None:
    """So that the log of a run that was killed has everything up to there."""
    sizes = []
    with (tmp_path / "log").open("wb") as log:
        run_logged(
            ("sh", "-c", "echo a; sleep 0.1; echo b"), env=ENV, cwd="/", log=log,
            on_line=lambda line: sizes.append((tmp_path / "log").stat().st_size),
        )  # fmt: skip
    assert sizes == [2, 4]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interruption_ends_everything_that_was_started(tmp_path: Path, error: type[BaseException]) -> None:
    """The command, its children and theirs: nothing goes on compiling after Ctrl-C."""
    child = f"sh -c 'sleep 60 & echo $! > {tmp_path}/grandchild; wait' & echo $! > {tmp_path}/child"
    script = f"{child}; until [ -s {tmp_path}/grandchild ]; do sleep 0.02; done; echo go; wait"

    def interrupt(line: str) -> None:
        raise error

    with pytest.raises(error):
        run_logged(("sh", "-c", script), env=ENV, cwd="/", log=io.BytesIO(), on_line=interrupt)
    assert gone(pid_in(tmp_path / "child"))
    assert gone(pid_in(tmp_path / "grandchild"))


def test_an_interrupted_compiler_may_clean_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole group gets the polite signal: make waits for its children, and they remove their files."""
    monkeypatch.setattr(process, "PATIENCE", 60)  # which nobody uses up here
    child = f"trap 'echo clean > {tmp_path}/clean; exit' TERM; echo go; while :; do sleep 0.05; done"

    def interrupt(line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_logged(
            ("sh", "-c", f'trap wait TERM; sh -c "{child}" & wait'), env=ENV, cwd="/", log=io.BytesIO(),
            on_line=interrupt,
        )  # fmt: skip
    assert (tmp_path / "clean").exists()


def test_a_real_interruption_while_reading_ends_the_group(tmp_path: Path) -> None:
    """SIGINT arrives while we wait for output, as it does in life."""
    first, second = tmp_path / "pid", tmp_path / "pid2"
    with interrupted_once_in(first):
        run_logged(("sh", "-c", f"echo $$ > {first}; exec sleep 600"), env=ENV, cwd="/", log=io.BytesIO())
    assert gone(pid_in(first))
    with interrupted_once_in(second):
        capture(("sh", "-c", f"echo $$ > {second}; exec sleep 600"), env=ENV, timeout=None)
    assert gone(pid_in(second))


def test_children_have_a_group_of_their_own() -> None:
    """Ctrl-C on the terminal goes to us first, and we decide."""
    assert (
        int(capture(("sh", "-c", "ps -o pgid= -p $$ || cut -d' ' -f5 /proc/$$/stat"), env=ENV).out)
        != os.getpgrp()
    )


_BUILDER = """
import io, sys
from pybuild.process import run_logged
env = {"PATH": "/usr/bin:/bin"}
deaf = "trap '' TERM; echo $$ > %s/deaf; while :; do sleep 0.1; done"
script = '(%s) & sleep 60 & echo $! > %%s/pid; echo; wait' % deaf.replace("$$", "$(exec sh -c 'echo $PPID')")
heard = lambda line: open(sys.argv[1] + "/heard", "w").close()  # by now the guard watches over it
argv = ("sh", "-c", script % (sys.argv[1], sys.argv[1]))
run_logged(argv, env=env, cwd="/", log=io.BytesIO(), on_line=heard)
"""


def test_nothing_is_left_of_a_killed_process(tmp_path: Path) -> None:
    """After SIGKILL of the whole group of ours, a guard ends what it had started, deaf ones included."""
    argv = [sys.executable, "-c", _BUILDER, str(tmp_path)]
    child = subprocess.Popen(
        argv, env={**ENV, "PYTHONPATH": os.pathsep.join(sys.path)}, start_new_session=True
    )
    left = [pid_in(tmp_path / "pid"), pid_in(tmp_path / "deaf")]
    while not (tmp_path / "heard").exists():
        time.sleep(0.01)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    assert gone(left[0])
    assert gone(left[1])
