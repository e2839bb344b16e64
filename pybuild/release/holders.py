"""Who uses a release: processes of this node, and batch jobs where the scheduler tells.

What can be known is less than everything. Processes are seen on this node only, and of other users only their
command lines. A scheduler says when a job began, not what it runs: a job counts as holding every release
that was in service since then. Activation leaves no marks: compute nodes mount stacks read-only.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from pybuild.model.site import Site
from pybuild.process import capture
from pybuild.release import layout
from pybuild.release.policy import Policy
from pybuild.release.root import user_name
from pybuild.release.switch import Switch


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Somebody who uses a release, or may.

    Attributes:
        release: its name.
        who: ``process 123 of desi (python3.11)``, ``job 77 of desi, running since ...``.
    """

    release: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What could be found out.

    Attributes:
        unseen: processes of other users of which only the command line could be read.
        jobs: how far jobs are known, in a few words.
    """

    holders: tuple[Holder, ...]
    unseen: int
    jobs: str


def holders(
    root: Path, names: Iterable[str], rows: Sequence[Switch], policy: Policy, site: Site | None, *,
    environ: Mapping[str, str],
) -> Known:  # fmt: skip
    """Return who holds which of the releases ``names``.

    Args:
        rows: every change of the link to the release in service.
        site: whose scheduler is asked; None asks none.
        environ: the user's environment, for the scheduler's command.
    """
    names = tuple(names)
    found, unseen = _processes(root, names)
    jobs, told = _jobs(site, policy, environ)
    if jobs is None:  # nobody knows, so everything that was in service may be in use
        found += [Holder(release=row.after, who=f"jobs may, {told}") for row in rows if row.after in names]
    for number, owner, began in jobs or ():
        since = datetime.fromtimestamp(began, timezone.utc).isoformat(timespec="seconds")
        for name in sorted(served_since(rows, since) & {*names}):
            found.append(Holder(release=name, who=f"job {number} of {owner}, running since {since}, may"))
    return Known(holders=tuple(found), unseen=unseen, jobs=told)


def served_since(rows: Sequence[Switch], since: str) -> set[str]:
    """Return the releases that were in service at any moment from ``since`` (ISO, UTC) on."""
    ends = [row.when for row in rows[1:]] + ["9999"]
    return {row.after for row, end in zip(rows, ends, strict=True) if end >= since}


def _processes(root: Path, names: Sequence[str]) -> tuple[list[Holder], int]:
    marks = {
        f"{place}/{layout.RELEASES}/{name}".encode(): name
        for place in {str(root), os.path.realpath(root)}
        for name in names
    }
    found, unseen = [], 0
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        texts, whole = _traces(entry)
        unseen += not whole
        held = {name for mark, name in marks.items() if any(_names(text, mark) for text in texts)}
        found += [Holder(release=name, who=_described(entry)) for name in sorted(held)]
    return found, unseen


def _traces(number: str) -> tuple[list[bytes], bool]:
    """Return what a process shows of the paths that it uses, and whether it shows everything."""
    texts, whole = [], True
    for link in ("exe", "cwd"):
        try:
            texts.append(os.readlink(f"/proc/{number}/{link}".encode()))
        except PermissionError:
            whole = False
        except OSError:
            pass  # it ended, or is a part of the kernel
    for name in ("cmdline", "maps", "environ"):
        try:
            with open(f"/proc/{number}/{name}", "rb") as file:
                texts.append(file.read())
        except PermissionError:
            whole = False
        except OSError:
            pass
    return texts, whole


def _names(text: bytes, mark: bytes) -> bool:
    """Return whether a text names a folder: ``2026-11-28-1`` is not meant by ``2026-11-28-12``."""
    start = text.find(mark)
    while start >= 0:
        if not text[start + len(mark) : start + len(mark) + 1].isdigit():
            return True
        start = text.find(mark, start + 1)
    return False


def _described(number: str) -> str:
    try:
        with open(f"/proc/{number}/comm") as file:
            name = file.read().strip()
        owner = user_name(os.stat(f"/proc/{number}").st_uid)
    except OSError:
        return f"process {number}"
    return f"process {number} of {owner} ({name})"


def _jobs(
    site: Site | None, policy: Policy, environ: Mapping[str, str]
) -> tuple[list[tuple[str, str, float]] | None, str]:
    """Return (number, user, begin in seconds) of the running jobs of users who can read the stack.

    None where the site's scheduler could have told and did not.
    """
    if site is None or site.launcher is None or site.launcher.inside != "SLURM_JOB_ID":
        return [], "no scheduler was asked: only Slurm says when jobs began"
    argv = ("squeue", "--noheader", "--states=R,CG,S", "--format=%i %u %S")
    answer = capture(argv, env={**environ, "SLURM_TIME_FORMAT": "%s"}, timeout=60)
    if answer.code != 0:
        return None, f"squeue did not answer: {' '.join(answer.err.split())[-200:]}"
    rows = [line.split() for line in answer.out.splitlines()]
    found = [(row[0], row[1], float(row[2])) for row in rows if len(row) == 3 and row[2].isdigit()]
    users = {user for _, user, _ in found if policy.everyone or _reads(user, policy)}
    return [row for row in found if row[1] in users], "the jobs that run now, as squeue tells"


def _reads(user: str, policy: Policy) -> bool:
    """Return whether somebody is in the policy's group; who is unknown here counts as a reader."""
    if policy.gid is None:
        return True
    try:
        return policy.gid in os.getgrouplist(user, pwd.getpwnam(user).pw_gid)
    except KeyError:
        return True


def by_release(known: Known) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each held release with everybody who holds it."""
    for name in sorted({holder.release for holder in known.holders}):
        yield name, tuple(holder.who for holder in known.holders if holder.release == name)
