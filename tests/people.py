"""Real users of this machine for tests: a maintainer of a stack, a member of its group, an outsider."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")  # nobody waits minutes for another worker's test
GROUP = f"pybuild-toys{_WORKER}"
MAINTAINER, MEMBER, OUTSIDER = USERS = (f"pbmaintain{_WORKER}", f"pbmember{_WORKER}", f"pboutside{_WORKER}")


@contextlib.contextmanager
def users() -> Iterator[None]:
    """Make the users and their group, and remove them; one test of a worker at a time."""
    if os.geteuid() != 0:
        pytest.skip("only root can make users")
    with _alone(GROUP):
        try:
            with _alone("pybuild-people"):
                _remove()  # what a killed run left
                _make()
            yield
        finally:
            with _alone("pybuild-people"):
                _remove()


@contextlib.contextmanager
def _alone(name: str) -> Iterator[None]:
    """Keep others out: sessions that run beside this one, and programs that give up on a locked file."""
    with open(f"{tempfile.gettempdir()}/{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make() -> None:
    subprocess.run(["groupadd", GROUP], check=True)
    for user in USERS:
        more = ["--groups", GROUP] if user != OUTSIDER else []
        subprocess.run(["useradd", "--user-group", "--no-create-home", *more, user], check=True)


def _remove() -> None:
    """Remove the users that there are, with what a failed test left running, and their group."""
    for user in USERS:
        if not _known("passwd", user):
            continue
        subprocess.run(["pkill", "-KILL", "-u", user], check=False)
        end = time.monotonic() + 120
        while subprocess.run(["pgrep", "-u", user], stdout=subprocess.DEVNULL, check=False).returncode == 0:
            assert time.monotonic() < end, f"processes of {user} do not end"
            time.sleep(0.05)
        subprocess.run(["userdel", user], check=True)
    if _known("group", GROUP):
        subprocess.run(["groupdel", GROUP], check=True)


def _known(database: str, name: str) -> bool:
    """Return whether the machine knows a user or a group."""
    asked = subprocess.run(["getent", database, name], stdout=subprocess.DEVNULL, check=False)
    return asked.returncode == 0


def become(user: str, *, reading: bool = False) -> tuple[str, ...]:
    """Return argv of a program that runs another one as a user.

    Args:
        reading: may read everything, to run the pybuild and the Python of these tests, which may lie in
            root's home; what is written, owned and changed is the user's all the same.
    """
    more = "+dac_read_search" if reading else "-all"
    who = (
        f"--reuid={user}",
        f"--regid={user}",
        "--init-groups",
        f"--inh-caps={more}",
        f"--ambient-caps={more}",
    )
    return ("setpriv", *who)


def as_user(user: str, *argv: object, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run a program as a user, as a login would: own groups, a strict umask, hardly any environment.

    Args:
        before: argv of a program that runs it, as root.
    """
    words = ["sh", "-c", 'umask 077; exec "$@"', "sh", *map(str, argv)]
    bare = {"PATH": "/usr/bin:/bin"}
    return subprocess.run(
        [*before, *become(user), *words], cwd="/", env=bare, capture_output=True, text=True, check=False
    )


def give(top: Path, user: str) -> None:
    """Give a user everything below a folder, as copies: what is linked to other tests must stay theirs."""
    for path in [top, *top.rglob("*")]:
        if path.is_file() and not path.is_symlink() and path.stat().st_nlink > 1:
            beside = path.with_name(path.name + ".copy")
            shutil.copy2(path, beside)
            beside.replace(path)
        os.chown(path, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid, follow_symlinks=False)
    top.chmod(0o755)


_SEEING = """
mount --bind "$1" /mnt && mount -t tmpfs -o mode=755 tmpfs "$2" &&
mkdir -p "$1" && mount --bind /mnt "$1" || exit 1
shift 2
exec "$@"
"""


def seeing(folder: Path) -> tuple[str, ...]:
    """Return argv of a program that runs another one where a folder of the tests lies open to everybody.

    Folders of tests are root's alone, and every session of pytest sees to that anew; a site's are not.
    """
    closed = [path for path in reversed(folder.parents) if not path.stat().st_mode & 0o001]
    if not closed:
        return ()
    words = ("sh", "-c", _SEEING, "sh", str(folder), str(closed[0]))
    return ("unshare", "--mount", "--propagation", "private", *words)


def departures(root: Path) -> list[str]:
    """Look for what ``u=rwX,g=rX,o=`` forbids with find alone, below the root of a read-only stack."""
    wrong = f"""( ! -group {GROUP} -o ! -user {MAINTAINER} -o -perm /o=rwx -o -type d ! -perm -g=rxs
        -o -type f ! -perm -g=r -o -type f -perm /6000 )""".split()
    loose = f"-path {root}/releases/*/* ( -perm /222 -o -type f -links +1 )".split()
    found = subprocess.run(
        ["find", str(root), "!", "-type", "l", *wrong, "-print", "-o", "!", "-type", "l", *loose, "-print"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return found.stdout.splitlines()
