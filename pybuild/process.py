"""The only file that starts processes.

Children get exactly the environment they are given, no terminal input,
and a process group of their own, so that an interruption can end all of them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import IO, NamedTuple, NoReturn

PATIENCE = 3.0
"""Seconds that a child gets to end after each signal."""


class Captured(NamedTuple):
    """How a short command ended."""

    code: int
    out: str
    err: str


def capture(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: str | None = None,
    timeout: float | None = 60,
    errors: str = "replace",
) -> Captured:
    """Run a short command and return its exit code and output.

    Args:
        env: the child's whole environment.
        timeout: seconds; None waits for ever.
        errors: what becomes of bytes that are not UTF-8, as for ``bytes.decode``.

    A command that cannot be started gives code 127 and the reason in ``err``;
    one that exceeds the time limit is killed and gives 124.
    """
    try:
        child = _start(argv, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        return Captured(127, "", f"{error.filename or argv[0]}: {error.strerror}")
    try:
        out, err = child.communicate(timeout=timeout)
        code = child.returncode
    except subprocess.TimeoutExpired as expired:
        _end(child)
        out, err = _rest(child, expired)
        code, err = 124, err + f"\nno answer within {timeout} s".encode()
    except BaseException:
        _end(child)
        _close(child)
        raise
    return Captured(code, out.decode("utf-8", errors), err.decode("utf-8", errors))


def run_logged(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: str,
    log: IO[bytes],
    on_line: Callable[[str], None] | None = None,
) -> int:
    """Run a command with its output going to ``log`` line by line; return its exit code.

    Args:
        log: open for writing; each line is flushed, so that the log of a killed run is whole.
        on_line: called with each line of output, for progress.

    A command that cannot be started leaves its reason in the log and gives 127.
    """
    try:
        child = _start(argv, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError as error:
        log.write(f"{error.filename or argv[0]}: {error.strerror}\n".encode())
        log.flush()
        return 127
    assert child.stdout is not None
    try:
        for line in child.stdout:
            log.write(line)
            log.flush()
            if on_line is not None:
                on_line(line.decode("utf-8", "replace").rstrip())
        return child.wait()
    except BaseException:
        _end(child)
        raise
    finally:
        child.stdout.close()


def become(argv: Sequence[str], *, env: Mapping[str, str]) -> NoReturn:
    """Let another program take this process's place, with its terminal; nothing of ours runs afterwards.

    Raises:
        OSError: it cannot be started.
    """
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # by Python itself, and an exec would hand that on
        signal.signal(ignored, signal.SIG_DFL)
    os.execvpe(argv[0], list(argv), dict(env))  # noqa: S606  there is no shell


def _rest(child: subprocess.Popen[bytes], expired: subprocess.TimeoutExpired) -> tuple[bytes, bytes]:
    """Return what a killed child had printed; a descendant that left its group may keep the pipes open."""
    try:
        return child.communicate(timeout=1)
    except subprocess.TimeoutExpired:
        _close(child)
        return expired.output or b"", expired.stderr or b""


def _close(child: subprocess.Popen[bytes]) -> None:
    for pipe in (child.stdout, child.stderr):
        if pipe is not None:
            pipe.close()


def _start(
    argv: Sequence[str], *, env: Mapping[str, str], cwd: str | None, stdout: int, stderr: int
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        list(argv),
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
    )


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a child and everything it started: politely first, then for good."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        try:
            child.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            continue
        if number == signal.SIGTERM:
            _kill_leftovers(child.pid)
        return


def _kill_leftovers(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
