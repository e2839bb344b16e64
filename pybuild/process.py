"""The only file that starts processes.

Children get exactly the environment they are given, no terminal input,
and a process group of their own, so that an interruption can end all of them.
Where we are killed ourselves, a small shell ends those groups (see :class:`Guard`).
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import IO, NamedTuple, NoReturn

PATIENCE = 3.0
"""Seconds that a child gets to end after each signal."""


_GUARD = """\
trap '' INT HUP TERM QUIT
groups=
while read -r sign group; do
  left=
  for one in $groups; do [ "$one" = "$group" ] || left="$left $one"; done
  groups=$left
  [ "$sign" = + ] && groups="$groups $group"
done
for one in $groups; do kill -s TERM -- "-$one"; done
tries=0
while [ $tries -lt 30 ]; do
  left=
  for one in $groups; do kill -s 0 -- "-$one" && left="$left $one"; done
  groups=$left
  [ -n "$groups" ] || exit
  sleep 0.1
  tries=$((tries + 1))
done
for one in $groups; do kill -s KILL -- "-$one"; done
"""


class Guard:
    """A shell that ends the groups of our children once we are gone, however that came.

    It reads ``+ GROUP`` and ``- GROUP`` from a pipe that nobody but us can write to. When the pipe
    ends, because the kernel closed it with us, every group that is left gets SIGTERM and, three seconds
    later, SIGKILL. It stands in a session of its own, so that what kills our group leaves it alone.
    """

    def __init__(self) -> None:
        shell = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD], env={"PATH": "/usr/bin:/bin"}, cwd="/", stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        assert shell.stdin is not None
        self._pipe = os.dup(shell.stdin.fileno())
        shell.stdin.close()
        shell.returncode = 0  # it outlives us, so nobody waits for it

    def began(self, group: int) -> None:
        """Watch over a group."""
        self._tell(f"+ {group}\n")

    def ended(self, group: int) -> None:
        """Forget a group; its number may soon be somebody else's."""
        self._tell(f"- {group}\n")

    def _tell(self, line: str) -> None:
        with contextlib.suppress(OSError):  # without a guard the work goes on as well
            os.write(self._pipe, line.encode())


@functools.cache
def _guard() -> Guard:
    """Return this process's guard; it is started with the first command that takes long."""
    return Guard()


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
    given: bytes | None = None,
) -> Captured:
    """Run a short command and return its exit code and output.

    Args:
        env: the child's whole environment.
        timeout: seconds; None waits for ever.
        errors: what becomes of bytes that are not UTF-8, as for ``bytes.decode``.
        given: what it reads from its standard input; None for nothing.

    A command that cannot be started gives code 127 and the reason in ``err``;
    one that exceeds the time limit is killed and gives 124.
    """
    try:
        stdin = subprocess.DEVNULL if given is None else subprocess.PIPE
        child = _start(argv, env=env, cwd=cwd, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        return Captured(127, "", f"{error.filename or argv[0]}: {error.strerror}")
    try:
        out, err = child.communicate(given, timeout=timeout)
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
    pass_fds: Sequence[int] = (),
) -> int:
    """Run a command with its output going to ``log`` line by line; return its exit code.

    Args:
        log: open for writing; each line is flushed, so that the log of a killed run is whole.
        on_line: called with each line of output, for progress.
        pass_fds: open files that the command shares with us.

    A command that cannot be started leaves its reason in the log and gives 127.
    """
    guard = _guard()  # first: what is started before it is watched would outlive us
    try:
        child = _start(
            argv, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=pass_fds
        )
    except OSError as error:
        log.write(f"{error.filename or argv[0]}: {error.strerror}\n".encode())
        log.flush()
        return 127
    assert child.stdout is not None
    guard.began(child.pid)
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
        _guard().ended(child.pid)
        child.stdout.close()


class Worker:
    """A long command that runs beside us, its output in a file.

    Args:
        output: gets what it prints.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str], cwd: str, output: IO[bytes]) -> None:
        guard = _guard()  # first: what is started before it is watched would outlive us
        self._child = _start(argv, env=env, cwd=cwd, stdout=output.fileno(), stderr=subprocess.STDOUT)
        guard.began(self._child.pid)

    def code(self) -> int | None:
        """Return its exit code, None while it runs; that of a signal is negative."""
        code = self._child.poll()
        if code is not None:
            _guard().ended(self._child.pid)
        return code

    def end(self) -> None:
        """Ask it and everything that it started to stop; see :meth:`wait`."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGTERM)

    def wait(self, seconds: float) -> None:
        """Wait so long for its end, then end it for good."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(timeout=seconds)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        _guard().ended(self._child.pid)


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
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: str | None,
    stdout: int,
    stderr: int,
    pass_fds: Sequence[int] = (),
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        list(argv),
        env=dict(env),
        cwd=cwd,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
        pass_fds=tuple(pass_fds),
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
