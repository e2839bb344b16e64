"""The share policy of a stack, brought onto paths whatever the user's umask is."""

from __future__ import annotations

import contextlib
import grp
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pybuild.errors import PrefixError
from pybuild.model.site import MODE, Site
from pybuild.model.stack import SharePolicy
from pybuild.release.modes import mode_of

WRITE = 0o222


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A share policy with what this machine says about it.

    Attributes:
        text: the symbolic mode.
        gid: number of the group, None to leave groups alone.
        group: its name, ``""`` then.
    """

    text: str
    gid: int | None = None
    group: str = ""
    setgid: bool = True
    read_only: bool = True

    def mode(self, info: os.stat_result, *, frozen: bool) -> int:
        """Return the mode that a file or folder shall have, all twelve bits.

        Args:
            frozen: it belongs to a deployed release of a read-only policy.
        """
        folder = stat.S_ISDIR(info.st_mode)
        mode = mode_of(self.text, folder=folder, executable=bool(info.st_mode & 0o111))
        if frozen and self.read_only:
            mode &= ~WRITE
        return mode | stat.S_ISGID if folder and self.setgid else mode

    @property
    def withheld(self) -> int:
        """The bits that the policy gives to nobody, as a umask."""
        return 0o777 & ~mode_of(self.text, folder=True, executable=True)

    @property
    def everyone(self) -> bool:
        """Whether the policy lets others than the group read."""
        return bool(mode_of(self.text, folder=True, executable=True) & 0o004)


def policy_of(share: SharePolicy, site: Site | None = None, *, acting: bool = True) -> Policy:
    """Return the policy with its group looked up.

    Args:
        site: of the stack, whose mode holds where the stack says none.
        acting: the user will bring paths to it, and must be in the group for that.

    Raises:
        PrefixError: there is no such group, or the user is not in it.
    """
    mode = share.mode or (site.share.mode if site is not None and site.share is not None else MODE)
    if share.group is None:
        return Policy(text=mode, setgid=share.setgid, read_only=share.read_only)
    try:
        gid = grp.getgrnam(share.group).gr_gid
    except KeyError:
        raise PrefixError(
            f"share.group: there is no group {share.group!r} on this machine",
            hint="getent group shows all, id -Gn yours",
        ) from None
    if acting and os.geteuid() != 0 and gid not in {*os.getgroups(), os.getegid()}:
        raise PrefixError(
            f"share.group: you are not in the group {share.group!r}, so you cannot give files to it",
            hint="ask for membership, then log in again; id -Gn shows your groups",
        )
    return Policy(text=mode, gid=gid, group=share.group, setgid=share.setgid, read_only=share.read_only)


def paths(top: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield a path and everything below it with its own status; links are not followed.

    Raises:
        OSError: a folder cannot be read.
    """
    yield str(top), os.lstat(top)
    waiting = [str(top)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                info = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(info.st_mode):
                    waiting.append(entry.path)
                yield entry.path, info


def apply(top: Path, policy: Policy, *, frozen: bool = False, deep: bool = True) -> None:
    """Bring a path, and what is below it, to the policy; what is right already is not touched.

    What belongs to somebody else is left as it is, ``audit`` tells it.

    Args:
        deep: with everything below.

    Raises:
        OSError: it cannot be done.
    """
    mine = os.geteuid()
    for path, info in paths(top) if deep else [(str(top), os.lstat(top))]:
        if mine not in (0, info.st_uid):
            continue
        if policy.gid is not None and info.st_gid != policy.gid:
            os.chown(path, -1, policy.gid, follow_symlinks=False)
            info = os.lstat(path)  # a change of group may take bits away
        if not stat.S_ISLNK(info.st_mode):
            mode = policy.mode(info, frozen=frozen)
            if stat.S_IMODE(info.st_mode) != mode:
                os.chmod(path, mode)


def thaw(top: Path) -> None:
    """Let the owner write to every folder again, so that what is below can be removed.

    Raises:
        OSError: it belongs to somebody else.
    """
    for path, info in paths(top):
        if stat.S_ISDIR(info.st_mode) and info.st_mode & 0o300 != 0o300:
            os.chmod(path, stat.S_IMODE(info.st_mode) | 0o700)


@contextlib.contextmanager
def tight(policy: Policy) -> Iterator[int]:
    """Let nothing that is made inside the ``with`` block be more open than the policy, even for a moment.

    Yields the umask that the user came with; what goes into caches and channels is made with that.
    """
    before = os.umask(0o077)
    os.umask(before | policy.withheld)
    try:
        yield before
    finally:
        os.umask(before)


@contextlib.contextmanager
def umasked(umask: int) -> Iterator[None]:
    """Use another umask inside the ``with`` block."""
    before = os.umask(umask)
    try:
        yield
    finally:
        os.umask(before)
