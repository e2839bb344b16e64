"""One holder at a time, with or without flock, and a dead holder's lock never stays."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from pybuild import locks
from pybuild.locks import held, owner_of

HOLD = """\
import fcntl, sys
from pathlib import Path
if sys.argv[2] == "without":
    def refuse(*_):
        raise OSError(38, "Function not implemented")
    fcntl.flock = refuse
from pybuild.locks import held
with held(Path(sys.argv[1]), waiting=lambda owner: print("waiting for", owner, flush=True)):
    print("held", flush=True)
    sys.stdin.readline()
print("released", flush=True)
"""

FLOCK = pytest.mark.parametrize("flock", ["with", "without"])


@contextmanager
def holder(lock: Path, flock: str = "with", *, wait: bool = True) -> Iterator[subprocess.Popen[str]]:
    """Run a process that holds the lock until it is let go; come back when it has it."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock), flock],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    try:
        if wait:
            assert child.stdout.readline() == "held\n"
        yield child
    finally:
        child.kill()
        child.communicate()


def let_go(child: subprocess.Popen[str]) -> None:
    """Tell a holder to release the lock, and wait for its end."""
    assert child.stdin is not None
    child.stdin.write("\n")
    child.stdin.flush()
    assert child.wait(60) == 0


@FLOCK
def test_two_processes_never_hold_it_together(tmp_path: Path, flock: str) -> None:
    """The second waits, says once for whom, and goes on when the first is done."""
    lock = tmp_path / "lock"
    with holder(lock, flock) as first, holder(lock, flock, wait=False) as second:
        assert second.stdout is not None
        said = second.stdout.readline()
        assert said.startswith("waiting for ")
        assert said.endswith(f", process {first.pid}\n")
        assert first.poll() is None
        let_go(first)
        assert second.stdout.readline() == "held\n"
        let_go(second)


@FLOCK
def test_nothing_is_said_where_nobody_waits(tmp_path: Path, flock: str) -> None:
    """And the lock can be taken again and again."""
    lock = tmp_path / "lock"
    for _ in range(2):
        with holder(lock, flock) as child:
            assert child.stdout is not None
            let_go(child)
            assert child.stdout.read() == "released\n"


@FLOCK
def test_a_killed_owners_lock_is_dropped_at_once(tmp_path: Path, flock: str) -> None:
    """On the same host nobody waits for the lease of a process that is gone."""
    lock = tmp_path / "lock"
    with holder(lock, flock) as owner:
        owner.send_signal(signal.SIGKILL)
        owner.wait()
        assert lock.exists()
        with holder(lock, flock) as heir:  # whose first word would be for whom it waits
            let_go(heir)


def test_a_released_lock_leaves_nothing_that_blocks(tmp_path: Path) -> None:
    """The lease's files are gone; the empty file of flock stays, since removing it would be a race."""
    lock = tmp_path / "lock"
    with held(lock):
        assert lock.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["lock.flock"]


def test_an_error_inside_releases_it(tmp_path: Path) -> None:
    """Whatever happens while it is held."""
    with pytest.raises(KeyboardInterrupt), held(tmp_path / "lock"):
        raise KeyboardInterrupt
    with held(tmp_path / "lock", waiting=pytest.fail):
        pass


def test_the_lease_is_renewed_while_it_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build may take longer than the lease: its end moves on."""
    monkeypatch.setattr(locks, "RENEW", 0.1)
    lock = tmp_path / "lock"
    with held(lock):
        first, limit = lock.stat().st_mtime, time.monotonic() + 60
        while lock.stat().st_mtime <= first:  # the end of a lease is kept in whole seconds
            assert time.monotonic() < limit
            time.sleep(0.05)


def test_a_lease_of_another_host_is_not_taken_before_it_ends(tmp_path: Path) -> None:
    """Whether that process lives cannot be seen from here: its lease must run out."""
    from flufl.lock import Lock
    from flufl.lock._lockfile import CLOCK_SLOP  # clocks of two hosts may differ by so much

    lock = tmp_path / "lock"
    claim = tmp_path / f"lock|elsewhere.example|{2**22 - 1}|123"
    claim.write_text(str(claim))
    os.link(claim, lock)
    ends = [time.time() + 3600]
    os.utime(lock, (ends[0], ends[0]))
    assert Lock(str(lock)).details[0] == "elsewhere.example"
    said: list[str] = []

    def waiting(owner: str) -> None:
        said.append(owner)
        ends.append(time.time() + 1)
        written = ends[1] - CLOCK_SLOP.total_seconds()
        os.utime(lock, (written, written))

    with held(lock, waiting=waiting):
        assert time.time() >= ends[1]
    assert said == [f"elsewhere.example, process {2**22 - 1}"]


def test_of_two_who_find_it_dead_one_takes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looked at a dead owner's lock and comes late does not remove that of the next owner."""
    lock = tmp_path / "lock"
    with holder(lock) as owner:
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    late = locks._named(lock)
    read = Path.read_text

    def slow(self: Path) -> str:
        text = read(self)
        if self == lock:
            monkeypatch.undo()
            stack.enter_context(held(lock))
        return text

    with ExitStack() as stack:
        monkeypatch.setattr(Path, "read_text", slow)
        locks._drop_dead(lock, late)
        assert locks._named(lock).details[1] == os.getpid()


@FLOCK
def test_whoever_stood_still_and_lost_it_is_stopped(tmp_path: Path, flock: str) -> None:
    """Another host has broken the lease: the first owner's work ends at once, with a sentence."""
    lock = tmp_path / "lock"
    program = HOLD.replace("from pybuild.locks import held", "import time\nfrom pybuild import locks\n"
                           "from pybuild.locks import held\nlocks.RENEW = 0.1")  # fmt: skip
    program = program.replace("sys.stdin.readline()", "time.sleep(60)")
    argv = [sys.executable, "-c", program, str(lock), flock]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    lock.unlink()  # what the library does with a lease that ran out
    claim = tmp_path / "lock|elsewhere.example|4711|123"
    claim.write_text(str(claim))
    os.link(claim, lock)
    out, err = child.communicate(timeout=50)  # which is less than it would stand still
    assert "released" not in out
    assert "LockLostError" in err
    assert "lost its lock to elsewhere.example, process 4711" in err
    assert lock.exists()


NO_HARD_LINKS = """\
import errno, os
def refuse(old, new, **_):
    raise PermissionError(errno.EPERM, "Operation not permitted", str(old), None, str(new))
os.link = refuse
"""


def test_without_hard_links_flock_alone_does(tmp_path: Path) -> None:
    """As on a stick; and with neither there is an error and no endless wait."""
    lock = tmp_path / "lock"

    def run(flock: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-c", NO_HARD_LINKS + HOLD, str(lock), flock]
        return subprocess.run(argv, input="", capture_output=True, text=True, timeout=60, check=False)

    assert run("with").stdout == run("with").stdout == "held\nreleased\n"
    assert "Operation not permitted" in run("without").stderr


@pytest.mark.parametrize("word", ["No space left on device", "Permission denied"])
def test_why_it_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    """Not that the file is missing, which it is because it could not be made."""
    code = {"No space left on device": errno.ENOSPC, "Permission denied": errno.EACCES}[word]

    def refuse(*_: object) -> None:
        raise OSError(code, word)

    monkeypatch.setattr(locks, "add_file", refuse)
    with pytest.raises(OSError, match=word), held(tmp_path / "lock"):
        pass


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """Not an endless wait."""
    with pytest.raises(OSError, match="No such file"), held(tmp_path / "absent" / "lock"):
        pass


@FLOCK
def test_the_owner_is_named_while_it_lives(tmp_path: Path, flock: str) -> None:
    """Without taking or changing anything; a dead one's lock has no owner."""
    lock = tmp_path / "lock"
    assert owner_of(lock) is None
    with holder(lock, flock) as child:
        assert str(owner_of(lock)).endswith(f", process {child.pid}")
        child.kill()
        child.wait()
        before = sorted(os.listdir(tmp_path))
        assert owner_of(lock) is None
        assert sorted(os.listdir(tmp_path)) == before
    with held(lock):
        assert str(owner_of(lock)).endswith(f", process {os.getpid()}")
    assert owner_of(lock) is None
