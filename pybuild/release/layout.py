"""Where things are below a stack's root.

::

    <root>/releases/<name>/        conda prefixes, one for each release
    <root>/current                 relative link to the release in service
    <root>/.stack/lock             of whoever deploys, rolls back or prunes; with ``lock.flock``
    <root>/.stack/running.json     who that is, since when
    <root>/.stack/history.json     every change of ``current``
    <root>/.stack/begun/<name>.json  what each release was begun for, and when its files were last touched

A release carries its own record as well, so that it can be understood without its root.
"""

from __future__ import annotations

from pathlib import Path

from pybuild.prefix import places

RELEASES = "releases"
LOCK = "etc/pybuild/stack.lock.json"


def releases(root: Path) -> Path:
    """Return the folder of all releases."""
    return root / RELEASES


def release(root: Path, name: str) -> Path:
    """Return the prefix of a release."""
    return root / RELEASES / name


def current(root: Path) -> Path:
    """Return the link to the release in service."""
    return root / "current"


def state(root: Path) -> Path:
    """Return the folder of what is known about the stack as a whole."""
    return root / ".stack"


def lock(root: Path) -> Path:
    """Return the lock file of whoever changes the stack."""
    return state(root) / "lock"


def running(root: Path) -> Path:
    """Return the file that says who changes the stack."""
    return state(root) / "running.json"


def history(root: Path) -> Path:
    """Return the file that remembers every change of ``current``."""
    return state(root) / "history.json"


def begun(root: Path) -> Path:
    """Return the folder that has a file for each release that was begun."""
    return state(root) / "begun"


def record(prefix: Path) -> Path:
    """Return the file in which a release says what it is; it stands once everything else does."""
    return places.release(prefix)


def own_lock(prefix: Path) -> Path:
    """Return the copy of the lock that a release was made from."""
    return prefix / LOCK
