"""What is deployed at a root, who uses it, and what has drifted; nothing is written for this, by anybody."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild.model.stack import Release
from pybuild.release import layout, store
from pybuild.release.audit import changed_since
from pybuild.release.holders import by_release, holders
from pybuild.release.policy import policy_of
from pybuild.release.switch import expected, history, in_service
from pybuild.release.whole import broken
from pybuild.upkeep import demand_deployed, site_of

if TYPE_CHECKING:
    from pybuild.model.stack import Stack
    from pybuild.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One release.

    Attributes:
        state: ``in service``, ``ready`` (it was in service), ``unfinished`` or ``gone``.
        release: what it says of itself, None where it says nothing.
        deployed: when it was put in service first, ``""`` for never.
        size: bytes.
        holders: who uses it, as far as that can be known.
    """

    name: str
    state: str
    release: Release | None
    begun: str
    by: str
    deployed: str
    size: int
    holders: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A stack as it is now.

    Attributes:
        current: name of the release in service, None where the link leads to none.
        since: when the link was changed last, and ``by`` whom.
        problem: why the release in service cannot be used, None where it can.
        drift: sentences on what is not as it was deployed: the root, the lock, the machine and its recipes.
        unknown: sentences on what could not be looked at.
        unseen: processes of others that could not be looked into.
        jobs: how far batch jobs are known.
    """

    stack: str
    root: str
    current: str | None
    since: str
    by: str
    problem: str | None
    releases: tuple[Standing, ...]
    drift: tuple[str, ...]
    unknown: tuple[str, ...]
    unseen: int
    jobs: str


def status(stack: Stack, settings: Settings, *, lock: str | None = None) -> Status:
    """Return how a stack stands.

    Args:
        lock: SHA-256 of the lock beside the stack file, None where there is none.

    Raises:
        PrefixError: nothing was deployed there yet, or the group does not exist.
    """
    root = Path(stack.root)
    demand_deployed(stack)
    here, rows, known = in_service(root), history(root), store.begun(root)
    names = sorted({*store.names(root), *known}, key=store.order)
    site = site_of(stack, settings)
    users = holders(
        root, names, rows, policy_of(stack.share, site, acting=False), site,
        environ=settings.environ,
    )  # fmt: skip
    held = dict(by_release(users))
    problem = broken(root, here) if here else f"{layout.current(root)} leads to no release"
    moved, unknown = _machine(stack, settings)
    releases = tuple(_standing(root, name, here, held.get(name, ())) for name in names)
    return Status(
        stack=stack.name, root=stack.root, current=here, since=rows[-1].when if rows else "",
        by=rows[-1].by if rows else "", problem=problem, releases=releases,
        drift=(*_drift(root, here, releases, lock), *moved), unknown=unknown,
        unseen=users.unseen, jobs=users.jobs,
    )  # fmt: skip


def _machine(stack: Stack, settings: Settings) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what is no longer as the lock of the release in service says, and why that may be unknown."""
    from pybuild.errors import PybuildError
    from pybuild.locking import DriftError, deployed_lock, nowhere, plan_release

    try:
        lock = deployed_lock(stack)
        if lock is not None:
            plan_release(stack, lock, nowhere(settings), settings)
    except DriftError as error:
        return error.found, ()
    except (PybuildError, OSError) as error:  # such as a stack file that was changed since
        return (), (f"whether the machine is as it was could not be found out: {error}",)
    return (), ()


def _standing(root: Path, name: str, here: str | None, held: tuple[str, ...]) -> Standing:
    prefix, begun = layout.release(root, name), store.begun(root).get(name)
    served = [row.when for row in history(root) if row.after == name]
    if not prefix.is_dir():
        state = "gone" if served else "unfinished"
    else:
        state = "in service" if name == here else "ready" if served else "unfinished"
    return Standing(
        name=name, state=state, release=store.read_release(prefix), begun=begun.begun if begun else "",
        by=begun.by if begun else "", deployed=served[0] if served else "", size=begun.size if begun else 0,
        holders=held,
    )  # fmt: skip


def _drift(root: Path, here: str | None, releases: tuple[Standing, ...], lock: str | None) -> Iterator[str]:
    link, wanted = layout.current(root), expected(root)
    if os.path.lexists(link) and not link.is_symlink():
        yield f"{link} was replaced by {'a folder' if link.is_dir() else 'a file'}"
    elif link.is_symlink() and wanted and here not in wanted:
        yield f"{link} was changed by hand: it leads to {os.readlink(link)}, expected {wanted[0]}"
    elif not os.path.lexists(link) and wanted:
        yield f"{link} was removed by hand, it led to {wanted[0]}"
    for one in releases:
        if one.state == "gone":
            yield f"{layout.release(root, one.name)} was removed by hand"
    known = store.begun(root).get(here or "")
    prefix = layout.release(root, here or "")
    if here and known and known.touched and prefix.is_dir():
        changed = changed_since(prefix, known.touched)
        if changed:
            yield f"{prefix} was changed by hand since it was deployed: {', '.join(changed)}"
    if lock and known and known.lock != lock:
        yield f"the lock ({lock[:12]}) is not the one that is deployed ({known.lock[:12]})"
