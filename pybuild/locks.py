"""Locks that hold between processes and between nodes, and that never stay behind.

Two locks are taken together.
The first is ``flock``, where the file system has it: the kernel drops it when its owner dies,
however that happens.
The second is a lease on a file made by ``link(2)`` (the library flufl.lock), which works between the
nodes of a parallel file system mounted without ``flock``; it is renewed while it is held.
A lease whose owner was on this host and is dead is removed at once; one of another host runs out after
``LEASE``. Whoever stood still for longer than that, and finds that another host has taken his lease, is
interrupted. On a file system without hard links (a stick, some FUSE) ``flock`` alone must do.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild.errors import PybuildError
from pybuild.files import NO_LINKS, add_file

if TYPE_CHECKING:
    from flufl.lock import Lock

LEASE = timedelta(seconds=60)
RENEW = 15.0


class LockLostError(PybuildError):
    """Another host has taken a lock that was not renewed in time."""


@contextlib.contextmanager
def held(path: Path, *, waiting: Callable[[str], None] = lambda owner: None) -> Iterator[None]:
    """Hold the lock ``path`` inside the ``with`` block.

    Args:
        path: file to make; its folder must exist and be writable.
        waiting: called once with the owner (``host, process 123``) if somebody else holds it.

    Raises:
        OSError: the lock's files cannot be made there.
    """
    with (
        _flock(path.with_name(path.name + ".flock"), path, waiting) as alone,
        _lease(path, waiting, alone=alone),
    ):
        yield


def owner_of(path: Path) -> str | None:
    """Return who holds the lock ``path`` now (``host, process 123``), None where nobody living does.

    Nothing is taken or changed. A process of another host counts as living until its lease has run out.
    """
    from flufl.lock import LockState

    lock = _named(path)
    try:
        free = lock.state in (LockState.unlocked, LockState.stale, LockState.theirs_expired)
        return None if free or lock.expiration.timestamp() < time.time() else _owner(path)
    except OSError:
        return None


@contextlib.contextmanager
def _flock(path: Path, lease: Path, waiting: Callable[[str], None]) -> Iterator[bool]:
    """Hold ``flock`` and give whether there is one; mounted without it, the lease alone must do."""
    handle = _open(path)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting(_owner(lease) or "another process")
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            yield False
            return
        yield True
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
    refused: OSError | None = None
    try:
        add_file(path, path.parent.stat().st_mode & 0o666)
    except OSError as error:  # whoever may only read can still open a colleague's
        refused = error
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except PermissionError:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise refused or error from None
    _like_folder(path)
    return handle


def _like_folder(path: Path) -> None:
    """Let whoever may write in a lock's folder use the lock, whatever the umask of its first owner was."""
    with contextlib.suppress(OSError):
        mode, wanted = path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o666
        if mode != wanted:
            path.chmod(wanted)


@contextlib.contextmanager
def _lease(path: Path, waiting: Callable[[str], None], *, alone: bool) -> Iterator[None]:
    """Hold the lease.

    Args:
        alone: ``flock`` is held, so that a file system without hard links is no reason to give up.
    """
    from flufl.lock import TimeOutError

    lock = _named(path)
    _drop_dead(path, lock)
    try:
        _take(lock, path, timedelta(seconds=1))
    except TimeOutError:
        waiting(_owner(path) or "another process")
        _take(lock, path, None)
    except OSError as error:
        if not (alone and error.errno in NO_LINKS and error.filename2):
            raise
        yield
        return
    _like_folder(path)
    with _renewed(lock, path):
        yield


def _take(lock: Lock, path: Path, timeout: timedelta | None) -> None:
    """Take a lease; one that cannot be read is a colleague's, who has only just made it, or died then."""
    while True:
        try:
            lock.lock(timeout=timeout)
        except PermissionError as error:
            if error.filename2 or not os.access(path.parent, os.W_OK | os.X_OK):  # of link(2), or for good
                raise
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > LEASE.total_seconds():
                    path.unlink()
            time.sleep(0.1)
        except KeyboardInterrupt:
            lock.unlock(unconditionally=True)  # the claim of one who waits no longer
            raise
        else:
            return


@contextlib.contextmanager
def _renewed(lock: Lock, path: Path) -> Iterator[None]:
    """Renew a lease inside the ``with`` block, and stop the block where it was lost all the same."""
    done, lost = threading.Event(), threading.Event()
    renewal = threading.Thread(target=_renew, args=(lock, done, lost), daemon=True)
    renewal.start()
    try:
        yield
    except KeyboardInterrupt:
        if not lost.is_set():
            raise
    finally:
        done.set()
        renewal.join()
        lock.unlock(unconditionally=True)
    if lost.is_set():
        owner = _owner(path) or "another process"
        raise LockLostError(
            f"{path}: this process stood still for more than {LEASE.total_seconds():.0f} s and lost its lock "
            f"to {owner}",
            hint="let the other one end, then run the same command again",
        )


def _renew(lock: Lock, done: threading.Event, lost: threading.Event) -> None:
    misses = 0
    while not done.wait(RENEW if not misses else 1):
        with contextlib.suppress(Exception):  # a missed renewal is tried again, well within the lease
            lock.lifetime = LEASE
            misses = 0 if lock.is_locked else misses + 1
        if misses == 2:  # one look may meet a hiccup of a network file system
            lost.set()
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)  # also out of a wait
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


def _drop_dead(path: Path, lock: Lock) -> None:
    """Remove a lease whose owner was a process of this host that is gone.

    Of several who find it dead at once one does: only one of them can rename the dead one's claim. Another
    one, who comes late, would remove the lease of whoever has it by then.
    """
    from flufl.lock import LockState

    with contextlib.suppress(OSError):
        claim = path.read_text().strip()  # first: afterwards it may be that of the next owner
        if lock.state is LockState.stale:
            dead = f"{claim}.dead"
            os.rename(claim, dead)
            if os.path.samefile(path, dead):
                path.unlink()
            os.unlink(dead)


def _owner(path: Path) -> str | None:
    with contextlib.suppress(Exception):
        host, pid, _ = _named(path).details
        return f"{host}, process {pid}"
    return None
