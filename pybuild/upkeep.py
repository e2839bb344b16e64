"""A deployed stack in use: back to an older release, what is in service, and what may go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild.errors import PrefixError
from pybuild.release import layout, store
from pybuild.release.holders import Known, by_release, holders
from pybuild.release.policy import Policy, apply, policy_of, tight
from pybuild.release.prune import Fate, fates, owned_by_other, remove, sweep
from pybuild.release.root import changing, demand_root, explained, user
from pybuild.release.scripts import remove_modulefiles
from pybuild.release.switch import demand_link, history, in_service, switch
from pybuild.release.whole import broken

if TYPE_CHECKING:
    from pybuild.model.site import Site
    from pybuild.model.stack import Release, Stack
    from pybuild.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What ``prune`` did.

    Attributes:
        fates: of every release.
        swept: names of what killed runs had left.
        known: what could be found out about users of the releases.
    """

    fates: tuple[Fate, ...]
    swept: tuple[str, ...]
    known: Known


def rollback(stack: Stack, to: str | None, settings: Settings) -> Release:
    """Put an older release in service and return it.

    Args:
        to: its name; None for the one that was made before the one in service.

    Raises:
        PrefixError: there is none, it is not whole, or the root is not as it must be.
        StackBusyError: somebody else changes the stack.
    """
    root = Path(stack.root)
    with _to_change(stack, settings) as policy:
        here = in_service(root)
        served = served_releases(root)
        name = to or _previous(root, served, here)
        if name not in served:
            raise PrefixError(
                f"{root}: {name} was never in service, expected one of {', '.join(served)}",
                hint=f"pybuild stack status {stack.file} lists the releases",
            )
        if name == here:
            raise PrefixError(
                f"{root}: {name} is in service already", hint=f"pybuild stack status {stack.file}"
            )
        problem = broken(root, name)
        if problem:
            others = [n for n in served if n not in (name, here) and broken(root, n) is None]
            way = f"rollback {stack.file} --to {others[-1]}" if others else f"deploy {stack.file}"
            raise PrefixError(f"{problem}; {here or 'nothing'} stays in service", hint=f"pybuild stack {way}")
        switch(root, name, action="rollback", by=user())
        apply(layout.state(root), policy)
    release = store.read_release(layout.release(root, name))
    assert release is not None
    return release


@contextmanager
def _to_change(stack: Stack, settings: Settings) -> Iterator[Policy]:
    """Keep others out of a root that something was deployed to, and yield its policy.

    Raises:
        PrefixError: nothing was, or the root is not as it must be.
        StackBusyError: somebody else changes the stack.
    """
    root = Path(stack.root)
    demand_deployed(stack)
    demand_root(root)
    # A rollback must not wait for a site's file to be mended where the stack says everything itself.
    policy = policy_of(stack.share, site_of(stack, settings) if stack.share.mode is None else None)
    with explained(root), tight(policy), changing(root, settings.command):
        demand_link(root)
        yield policy


def _previous(root: Path, served: tuple[str, ...], here: str | None) -> str:
    """Return the youngest release that is older than the one in service, gone ones included."""
    older = [name for name in served if here is None or store.order(name) < store.order(here)]
    if here is None and older:
        older = [name for name in older if broken(root, name) is None] or older
    if not older:
        raise PrefixError(
            f"{root}: there is no release before {here or 'the first'}",
            hint="pybuild stack status lists them all",
        )
    return older[-1]


def served_releases(root: Path) -> tuple[str, ...]:
    """Return the names of all releases that were ever put in service and were not pruned, oldest first."""
    gone = _pruned(root)
    return tuple(sorted({row.after for row in history(root)} - gone, key=store.order))


def _pruned(root: Path) -> set[str]:
    """Return the releases that ``prune`` took: what is remembered about them went with them."""
    return {row.after for row in history(root)} - store.begun(root).keys()


def demand_deployed(stack: Stack) -> None:
    """Check that something was ever deployed at a stack's root.

    Raises:
        PrefixError: it was not.
    """
    if not layout.state(Path(stack.root)).is_dir():
        raise PrefixError(
            f"{stack.root}: nothing was deployed there yet", hint=f"pybuild stack deploy {stack.file}"
        )


def prune(
    stack: Stack, settings: Settings, *, keep: int | None = None, grace: timedelta, dry_run: bool = False
) -> Pruned:
    """Remove the releases that nobody needs: never the one in service, one in use, or a young one.

    Args:
        keep: how many stay, None for what the stack file says.
        grace: how long one stays after it was in service.

    Raises:
        PrefixError: the root is not as it must be, or a release cannot be removed.
        StackBusyError: somebody else changes the stack.
    """
    root = Path(stack.root)
    with _to_change(stack, settings) as policy:
        names, rows = store.names(root), history(root)
        known = holders(root, names, rows, policy, site_of(stack, settings), environ=settings.environ)
        held = {name: f"in use: {who[0]}" for name, who in by_release(known)}
        held |= {n: f"it belongs to {o}, who can prune it" for n in names if (o := owned_by_other(root, n))}
        decided = fates(
            names, rows, in_service(root), held,
            keep=keep or stack.keep, grace=grace, now=datetime.now(timezone.utc),
        )  # fmt: skip
        if dry_run:
            return Pruned(fates=decided, swept=(), known=known)
        for fate in decided:
            if fate.goes:
                settings.report.phase(fate.name, "remove")
                remove(root, fate.name)
                remove_modulefiles(stack, fate.name)
        swept = sweep(root)
        _forget(root)
        apply(layout.state(root), policy)
    return Pruned(fates=decided, swept=swept, known=known)


def _forget(root: Path) -> None:
    """Let go what is remembered about releases that are gone; their names stay in the history."""
    present = {*store.names(root), in_service(root)}
    for name in store.begun(root):
        if name not in present:
            (layout.begun(root) / f"{name}.json").unlink(missing_ok=True)


def site_of(stack: Stack, settings: Settings) -> Site | None:
    """Return the stack's site, None where its file is gone."""
    from pybuild.errors import PlanError
    from pybuild.load.sites import choose_site

    try:
        return choose_site(stack.site or settings.site, settings.places, settings.environ)
    except PlanError:
        return None
