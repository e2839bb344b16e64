"""Locks that hold between processes and between nodes, and that never stay behind.

Two locks are taken together.
The first is ``flock``, where the file system has it: the kernel drops it when its owner dies,
however that happens.
The second is a lease on a file made by ``link(2)`` (the library flufl.lock), which works between the
nodes of a parallel file system mounted without ``flock``; it is renewed while it is held.
A lease whose owner was on this host and is dead is removed at once by whoever holds the ``flock``;
one of another host runs out after ``LEASE``.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild.files import add_file

if TYPE_CHECKING:
    from flufl.lock import Lock

LEASE = timedelta(seconds=60)
RENEW = 15.0


@contextlib.contextmanager
def held(path: Path, *, waiting: Callable[[str], None] = lambda owner: None) -> Iterator[None]:
    """Hold the lock ``path`` inside the ``with`` block.

    Args:
        path: file to make; its folder must exist and be writable.
        waiting: called once with the owner (``host, process 123``) if somebody else holds it.

    Raises:
        OSError: the lock's files cannot be made there.
    """
    with _flock(path.with_name(path.name + ".flock"), path, waiting), _lease(path, waiting):
        yield


@contextlib.contextmanager
def _flock(path: Path, lease: Path, waiting: Callable[[str], None]) -> Iterator[None]:
    handle = _open(path)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting(_owner(lease) or "another process")
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            pass  # mounted without flock: the lease alone must do
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def used(
    paths: Iterable[Path], *, alone: bool = False, waiting: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Say inside the ``with`` block that something is in use, by many at once, or by nobody else.

    Where a lock's file cannot be made or the file system knows no ``flock``, nothing is held: this keeps
    tidying apart from work, and whoever works finds out in the end whether what he needs is still there.

    Args:
        paths: files to make; a user who may only read opens what is there.
        alone: wait until nobody uses it, and keep others out.
        waiting: called once if others must be waited for.
    """
    kind = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
    with contextlib.ExitStack() as stack:
        for path in sorted(set(paths)):
            with contextlib.suppress(OSError):
                handle = _open(path)
                stack.callback(os.close, handle)
                try:
                    fcntl.flock(handle, kind | fcntl.LOCK_NB)
                except BlockingIOError:
                    waiting()
                    fcntl.flock(handle, kind)
        yield


def _open(path: Path) -> int:
    """Open for writing, as some network file systems demand of a lock; what is a colleague's for reading."""
    with contextlib.suppress(OSError):  # then opening it says why
        add_file(path, path.parent.stat().st_mode & 0o666)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except PermissionError:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    _like_folder(path)
    return handle


def _like_folder(path: Path) -> None:
    """Let whoever may write in a lock's folder use the lock, whatever the umask of its first owner was."""
    with contextlib.suppress(OSError):
        mode, wanted = path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o666
        if mode != wanted:
            path.chmod(wanted)


@contextlib.contextmanager
def _lease(path: Path, waiting: Callable[[str], None]) -> Iterator[None]:
    from flufl.lock import TimeOutError

    lock = _named(path)
    _drop_dead(path, lock)
    try:
        _take(lock, path, timedelta(seconds=1))
    except TimeOutError:
        waiting(_owner(path) or "another process")
        _take(lock, path, None)
    _like_folder(path)
    done = threading.Event()
    renewal = threading.Thread(target=_renew, args=(lock, done), daemon=True)
    renewal.start()
    try:
        yield
    finally:
        done.set()
        renewal.join()
        lock.unlock(unconditionally=True)


def _take(lock: Lock, path: Path, timeout: timedelta | None) -> None:
    """Take a lease; one that cannot be read is a colleague's, who has only just made it, or died then."""
    while True:
        try:
            lock.lock(timeout=timeout)
        except PermissionError:
            if not os.access(path.parent, os.W_OK | os.X_OK):
                raise
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > LEASE.total_seconds():
                    path.unlink()
            time.sleep(0.1)
        else:
            return


def _named(path: Path) -> Lock:
    """Return a lease under this host's own name; the library would ask a name server for a longer one."""
    from flufl.lock import Lock

    asking = socket.getfqdn
    socket.getfqdn = lambda name="": name or socket.gethostname()
    try:
        return Lock(str(path), lifetime=LEASE)
    finally:
        socket.getfqdn = asking


def _renew(lock: Lock, done: threading.Event) -> None:
    while not done.wait(RENEW):
        with contextlib.suppress(Exception):  # a missed renewal is tried again, well within the lease
            lock.refresh(LEASE, unconditionally=True)


def _drop_dead(path: Path, lock: Lock) -> None:
    """Remove a lease whose owner was a process of this host that is gone."""
    from flufl.lock import LockState

    with contextlib.suppress(OSError):
        if lock.state is LockState.stale:
            claim = Path(path.read_text().strip())
            for leftover in (path, claim):
                leftover.unlink(missing_ok=True)


def _owner(path: Path) -> str | None:
    with contextlib.suppress(Exception):
        host, pid, _ = _named(path).details
        return f"{host}, process {pid}"
    return None
