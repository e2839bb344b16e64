"""Commands that run as another local user; only root can be several users."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path

import pytest

# The interpreter may lie in root's own home. In a mount name space of its own, that folder is covered by an
# empty one that everybody may pass, with only the interpreter's part of it mounted again below.
_UNCOVER = """
set -e
kept=$(mktemp -d)
mount --bind "$2" "$kept"
mount -t tmpfs -o mode=755 tmpfs "$1"
mkdir -p "$2"
mount --bind "$kept" "$2"
shift 2
exec "$@"
"""


def as_user(number: int, umask: str, *groups: int) -> tuple[str, ...]:
    """Return an argv that runs a command as a user without a name, with a umask, in some groups.

    Skips the test where we are not root.
    """
    if os.geteuid() != 0:
        pytest.skip("only root can be two users")
    which = f"--groups={','.join(map(str, groups))}" if groups else "--clear-groups"
    who = ("setpriv", f"--reuid={number}", f"--regid={number}", which)
    return (*_passable(), *who, "sh", "-c", f'umask {umask}; exec "$@"', "sh")


@functools.cache
def _passable() -> tuple[str, ...]:
    """Return an argv that makes this interpreter one that every user can run."""
    real = Path(sys.executable).resolve()
    closed = next((p for p in reversed(real.parents) if not p.stat().st_mode & 0o001), None)
    if closed is None:
        return ()
    below = closed / real.relative_to(closed).parts[0]
    return ("unshare", "--mount", "sh", "-c", _UNCOVER, "sh", str(closed), str(below))


def open_to_all(folder: Path) -> None:
    """Let every user read what is in a folder."""
    subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
