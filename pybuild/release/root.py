"""The root of a stack: may it be one, is it one, and who changes it now."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import platform
import pwd
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from pybuild.errors import PrefixError
from pybuild.files import replace_file
from pybuild.locks import held
from pybuild.model.site import Site
from pybuild.release import layout
from pybuild.release.store import now
from pybuild.structured import read_mapping


class StackBusyError(PrefixError):
    """Somebody else changes the stack."""


def demand_root(root: Path) -> None:
    """Check that a stack may live at ``root``, before anything is made there.

    Raises:
        PrefixError: it is a link, a file, somebody's folder, or cannot be written.
    """
    if root.is_symlink():
        raise PrefixError(
            f"{root}: is a link to {os.readlink(root)}, expected a folder: whoever can change the link "
            "could change the stack",
            hint=f"root: {os.path.realpath(root)}",
        )
    if not root.exists():
        _demand_writable(_nearest(root), root)
        return
    if not root.is_dir():
        raise PrefixError(
            f"{root}: is a file, the root of a stack must be a folder", hint="name another root"
        )
    if not layout.state(root).is_dir() and any(not name.startswith(".") for name in os.listdir(root)):
        raise PrefixError(
            f"{root}: is neither empty nor the root of a stack (it has no .stack)",
            hint="name an empty or missing folder as root",
        )
    _demand_writable(root, root)
    if layout.state(root).is_dir():
        _demand_writable(layout.state(root), root)


def demand_seen(root: Path, site: Site) -> None:
    """Check that compute nodes see the file system that a root lies on.

    Raises:
        PrefixError: they do not.
    """
    for place in site.file_systems:
        if place.compute == "absent" and _below(str(root), place.path):
            raise PrefixError(
                f"{root}: {place.path} does not exist on the compute nodes of {site.name}",
                hint=f"pybuild site show {site.name} lists the file systems of the site",
            )


def _below(path: str, pattern: str) -> bool:
    """Return whether a path is, or is below, what a site writes as ``/common/<project>``."""
    wanted = [re.sub(r"<[^>]*>|\$\w+", "*", part) for part in pattern.split("/") if part]
    found = [part for part in path.split("/") if part]
    return len(found) >= len(wanted) and all(map(fnmatchcase, found, wanted))


def _nearest(path: Path) -> Path:
    parent = path.parent
    while not parent.exists():
        parent = parent.parent
    return parent


def _demand_writable(folder: Path, root: Path) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PrefixError(
            f"{root}: cannot be written, you have no write permission on {folder}",
            hint="ask a maintainer of the stack, or name a root of your own",
        )


def user() -> str:
    """Return the name of the user who runs this."""
    return user_name(os.geteuid())


def user_name(uid: int) -> str:
    """Return the name of a user, or the number where there is none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


@contextlib.contextmanager
def explained(root: Path) -> Iterator[None]:
    """Turn what the operating system refuses inside the ``with`` block into a sentence about the stack.

    Raises:
        PrefixError: the disk is full, a permission is missing.
    """
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        hints = {errno.ENOSPC: "make room there, then run the same command again",
                 errno.EDQUOT: "your quota is used up; make room, then run it again"}  # fmt: skip
        hint = hints.get(error.errno or 0, f"ls -ld {error.filename or root} shows to whom it belongs")
        raise PrefixError(f"{error.filename or root}: {reason}", hint=hint) from error


@contextlib.contextmanager
def changing(root: Path, command: str) -> Iterator[None]:
    """Be the only one who changes the stack inside the ``with`` block; nobody waits for a deploy.

    Raises:
        StackBusyError: somebody else does, with who and since when.
        OSError: the lock cannot be made.
    """

    def refuse(owner: str) -> None:
        who = read_mapping(layout.running(root)) or {}
        since = f" since {who['since']}: {who['command']}" if {"since", "command"} <= who.keys() else ""
        by = f"{who['by']} " if "by" in who else ""
        raise StackBusyError(
            f"{root}: {by}({owner}) is changing this stack{since}",
            hint="pybuild stack status shows what is in service; try again when that has ended",
        )

    with held(layout.lock(root), waiting=refuse):
        told = {"by": user(), "host": platform.node(), "pid": os.getpid(), "since": now(), "command": command}
        replace_file(layout.running(root), json.dumps(told) + "\n", safe=True)
        try:
            yield
        finally:
            layout.running(root).unlink(missing_ok=True)
