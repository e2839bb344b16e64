"""A deployment, as the sequence it is: check, begin or resume, install, prove, compile, share, switch.

The release in service is touched by none of it: it stays until the last step, one rename, puts the new one
in its place. Each step can be done again, so a deploy that was killed anywhere is simply continued.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild.errors import PrefixError
from pybuild.files import replace_file
from pybuild.model.stack import Release
from pybuild.release import layout, store
from pybuild.release.audit import audit, closed_above
from pybuild.release.bytecode import compile_modules
from pybuild.release.policy import Policy, apply, policy_of, thaw, tight, umasked
from pybuild.release.prune import owned_by_other, sweep
from pybuild.release.root import changing, demand_root, demand_seen, explained, user
from pybuild.release.scripts import write_release_scripts, write_root_scripts
from pybuild.release.switch import demand_link, history, in_service, switch
from pybuild.release.whole import broken

if TYPE_CHECKING:
    from pybuild.model.plan import Plan
    from pybuild.model.stack import Lock, Stack
    from pybuild.settings import Settings

    Planner = Callable[[Stack, Lock, str, Settings], Plan]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What shall be deployed.

    Attributes:
        digest: SHA-256 of the lock.
        text: the lock as its file has it, kept in the release.
        plan: makes the plan for a new prefix from the lock.
        on_compute: ranks are started in an allocation that is asked for.
        job_options: more words for the command that asks.
    """

    stack: Stack
    lock: Lock
    digest: str
    text: str
    plan: Planner
    on_compute: bool = False
    job_options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """How a deployment ended.

    Attributes:
        before: name of the release that was in service, ``""`` for the first.
        how: ``made``, ``resumed``, ``again`` (an older release of the same lock) or ``unchanged``.
    """

    release: Release
    before: str
    how: str


def deploy(order: Order, settings: Settings) -> Deployed:
    """Make a release of the lock and put it in service.

    Raises:
        PrefixError: the root or the group is not as it must be; nothing was made.
        StackBusyError: somebody else changes the stack.
        PybuildError: of the step that failed; the old release is in service, and the next deploy of the same
            lock goes on from there.
    """
    stack, root = order.stack, Path(order.stack.root)
    settings = replace(settings, site=stack.site or settings.site)
    policy = check(stack, settings)
    with explained(root), tight(policy) as umask:
        _tell(stack, root, policy, umask, settings)
        make_root(root, policy)
        with changing(root, settings.command):
            demand_link(root)
            sweep(root)
            before = in_service(root) or ""
            try:
                name, how = _in_service(root, order, policy, settings, umask)
            except BaseException:
                with suppress(OSError):  # what stopped it says more
                    apply(layout.state(root), policy)  # the next maintainer goes on from there
                raise
            apply(layout.state(root), policy)
            release = store.read_release(layout.release(root, name))
            assert release is not None
            return Deployed(release=release, before=before, how=how)


def _in_service(root: Path, order: Order, policy: Policy, settings: Settings, umask: int) -> tuple[str, str]:
    """Make a release where it is not there yet and put it in service; return its name, and how it came."""
    begun, how = _begun(root, order)
    if how != "unchanged":
        prefix = layout.release(root, begun.name)
        if how != "again":
            _make(order, begun, prefix, policy, settings, umask)
        write_root_scripts(order.stack, prefix, policy)
        switch(root, begun.name, action="deploy", by=user())
    return begun.name, how


def check(stack: Stack, settings: Settings) -> Policy:
    """Check everything about a root that can be checked before anything is made; return the policy.

    Raises:
        PrefixError: as found.
        DocumentError: the site keeps stacks elsewhere.
    """
    from pybuild.load.sites import choose_site
    from pybuild.locking.place import demand_allowed

    root = Path(stack.root)
    demand_root(root)
    site = choose_site(stack.site or settings.site, settings.places, settings.environ)
    policy = policy_of(stack.share, site)
    demand_allowed(stack, site, settings.environ)
    demand_seen(root, site)
    return policy


def make_root(root: Path, policy: Policy) -> None:
    """Make the root and its folders where they are missing, with the modes of the policy.

    Raises:
        OSError: they cannot be made.
    """
    for folder in (root, layout.state(root), layout.releases(root)):
        folder.mkdir(parents=folder == root, exist_ok=True)
        apply(folder, policy, deep=False)


def _tell(stack: Stack, root: Path, policy: Policy, umask: int, settings: Settings) -> None:
    """Say what the user may wonder about; none of it keeps the release from being what the policy says."""
    from pybuild.release.modes import mode_of

    wanted = mode_of(policy.text, folder=True, executable=True)
    if wanted & umask:
        settings.report.note(
            f"your umask {umask:03o} takes rights away that share.mode {policy.text!r} gives: the "
            "release gets them all the same, files that you make there by hand do not"
        )
    closed = closed_above(root, policy)
    if closed:
        who = "others" if policy.everyone else f"the group {policy.group or 'of the stack'}"
        settings.report.note(
            f"{who} cannot enter what lies above the root and is not changed: {', '.join(closed)}"
        )


def _begun(root: Path, order: Order) -> tuple[store.Begun, str]:
    """Return the release to work on, and how it was come by: see ``Deployed.how``."""
    known = store.begun(root)
    served = {row.after for row in history(root)}
    here = in_service(root)
    same = sorted(
        (one for one in known.values() if one.lock == order.digest), key=lambda o: store.order(o.name)
    )
    for one in reversed(same):
        if one.name in served and one.touched and broken(root, one.name) is None:
            return one, "unchanged" if one.name == here else "again"
    unfinished = [one for one in same if one.name not in served and not owned_by_other(root, one.name)]
    if unfinished:
        return unfinished[-1], "resumed"
    return store.begin(root, order.digest, user(), served), "made"


def _make(
    order: Order, begun: store.Begun, prefix: Path, policy: Policy, settings: Settings, umask: int
) -> None:
    """Make a release, or what is missing of it, up to the point where it can be put in service."""
    from pybuild.acceptance import prove

    settings = replace(settings, copies=True, umask=policy.withheld)
    if prefix.exists():
        thaw(prefix)
        layout.record(prefix).unlink(missing_ok=True)  # while it is worked on, it is no release
    if not (prefix / "conda-meta" / "history").exists():
        with umasked(umask):
            _install(order, prefix, settings)
    levels = prove(prefix, order.stack, settings, on_compute=order.on_compute, job_options=order.job_options)
    settings.report.phase(begun.name, "compile every module")
    skipped = compile_modules(
        prefix, {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}, fixed=policy.read_only, jobs=settings.jobs
    )
    if skipped:
        settings.report.note(f"{len(skipped)} files are no Python of this release and stay as they are")
    write_release_scripts(order.stack, prefix)
    replace_file(layout.own_lock(prefix), order.text, safe=True)
    record = Release(
        name=begun.name, path=str(prefix), lock=order.digest, begun=begun.begun, by=begun.by, levels=levels
    )
    store.write_release(record)
    settings.report.phase(begun.name, f"share: {policy.text}")
    _share(Path(order.stack.root), begun, prefix, policy)


def _install(order: Order, prefix: Path, settings: Settings) -> None:
    from pybuild.workflow import carry_out

    plan = order.plan(order.stack, order.lock, str(prefix), settings)
    carry_out(plan, settings)
    for left in prefix.parent.glob(f".{prefix.name}.pybuild-lock*"):
        left.unlink(missing_ok=True)  # the lock of a prefix that was yet to be made


def _share(root: Path, begun: store.Begun, prefix: Path, policy: Policy) -> None:
    """Give the release the modes of the policy, and look whether it has them.

    Raises:
        PrefixError: a path departs from the policy.
    """
    apply(prefix, policy, frozen=True)
    seen = audit(prefix, policy)
    if seen.findings:
        first = seen.findings[0]
        others = f" ({len(seen.findings) - 1} more)" if len(seen.findings) > 1 else ""
        raise PrefixError(
            f"{first.path}: {first.problem}{others}; the release is not put in service",
            hint=f"correct it, then run the same command again; ls -ld {os.path.dirname(first.path)}",
        )
    store.remember(root, replace(begun, touched=seen.touched, size=seen.size))
