"""The permission audit: every path of a stack that departs from its share policy."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pybuild.release.policy import Policy, paths


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One departure.

    Attributes:
        problem: what was found and what was expected, in a few words.
    """

    path: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What a walk through a release found.

    Attributes:
        touched: newest change of any path, in nanoseconds (``st_ctime``, which nobody can set back).
        size: bytes of all files.
        count: number of paths.
    """

    findings: tuple[Finding, ...]
    touched: int
    size: int
    count: int


def audit(prefix: Path, policy: Policy) -> Audit:
    """Look at every path of a release that is deployed, so that a read-only policy holds.

    Raises:
        OSError: a folder cannot be read.
    """
    findings: list[Finding] = []
    touched = size = count = 0
    owner = os.lstat(prefix).st_uid
    for path, info in paths(prefix):
        count += 1
        touched = max(touched, info.st_ctime_ns)
        size += info.st_size if stat.S_ISREG(info.st_mode) else 0
        findings += [Finding(path=path, problem=text) for text in _departures(info, owner, policy)]
        if stat.S_ISLNK(info.st_mode) and (text := _astray(path, prefix, policy)):
            findings.append(Finding(path=path, problem=text))
    return Audit(findings=tuple(findings), touched=touched, size=size, count=count)


def changed_since(prefix: Path, touched: int) -> tuple[str, ...]:
    """Return the first few paths that were changed after a release was complete.

    Raises:
        OSError: a folder cannot be read.
    """
    changed = (path for path, info in paths(prefix) if info.st_ctime_ns > touched)
    return tuple(islice(changed, 5))


def closed_above(root: Path, policy: Policy) -> tuple[str, ...]:
    """Return the folders above a root that its readers cannot enter; pybuild does not change them."""
    return tuple(str(path) for path in root.parents if not _may(path, 1, policy))


def _departures(info: os.stat_result, owner: int, policy: Policy) -> Iterator[str]:
    if info.st_uid != owner:
        yield f"belongs to user {info.st_uid}, the release to {owner}"
    if policy.gid is not None and info.st_gid != policy.gid:
        yield f"group {info.st_gid}, expected {policy.gid} ({policy.group})"
    if stat.S_ISLNK(info.st_mode):
        return
    found, wanted = stat.S_IMODE(info.st_mode), policy.mode(info, frozen=True)
    if found & stat.S_IWOTH:
        yield f"everybody may write (mode {found:o}, expected {wanted:o})"
    elif stat.S_ISREG(info.st_mode) and found & (stat.S_ISUID | stat.S_ISGID):
        yield f"runs as somebody else (mode {found:o}, expected {wanted:o})"
    elif found != wanted:
        yield f"mode {found:o}, expected {wanted:o}"
    if stat.S_ISREG(info.st_mode) and info.st_nlink > 1:
        yield f"is one file with {info.st_nlink - 1} other path, so a change there is a change here"


def _astray(path: str, prefix: Path, policy: Policy) -> str | None:
    """Return what is wrong with a link: it leaves the release for a place that others cannot read."""
    target = os.path.realpath(path)
    if Path(target).is_relative_to(os.path.realpath(prefix)):
        return None
    if not os.path.exists(target):
        return f"leads out of the release, to {target}, which is not there"
    if not all(_may(parent, 1, policy) for parent in Path(target).parents) or not _may(
        Path(target), 5 if os.path.isdir(target) else 4, policy
    ):
        return f"leads out of the release, to {target}, which its readers cannot read"
    return None


def _may(path: Path, bits: int, policy: Policy) -> bool:
    """Return whether the policy's readers have these rights (4 read, 1 enter) on a path."""
    try:
        info = path.stat()
    except OSError:
        return False
    if info.st_mode & bits == bits:
        return True
    group = policy.gid is not None and not policy.everyone and info.st_gid == policy.gid
    return group and (info.st_mode >> 3) & bits == bits
