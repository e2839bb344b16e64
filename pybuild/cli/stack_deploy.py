"""``pybuild stack deploy|rollback|status|prune``."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from datetime import timedelta

from pybuild.cli.question import demand_yes
from pybuild.cli.settings import job_options, settings_of
from pybuild.cli.stack_file import stack_of
from pybuild.cli.stack_text import counts
from pybuild.cli.text import columns, paint, put, say
from pybuild.errors import PrefixError, UsageError
from pybuild.load.stack_lock import lock_digest, lock_file, lock_text, read_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from pybuild.model.stack import Lock, Release, Stack
    from pybuild.release.prune import Fate
    from pybuild.status import Standing, Status

_LONGEST = 24 * 365 * 100
"""Hours of grace beyond which nothing differs, and a time span cannot hold many more."""

_HOW = {
    "made": "made and put in service",
    "resumed": "completed and put in service",
    "again": "of the same lock, put in service again",
    "unchanged": "is in service already, nothing to do",
}


def deploy(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Ask, then make a release and put it in service."""
    from pybuild.cli.progress import Screen
    from pybuild.deployment import Order, check
    from pybuild.deployment import deploy as carry_out
    from pybuild.locking import demand_current, plan_release

    options = job_options(arguments)
    stack = stack_of(arguments)
    lock = read_lock(lock_file(stack.file), stack.file)
    demand_current(stack, lock)
    with Screen(verbose=arguments.verbose) as screen:
        settings = settings_of(arguments, environ, screen)
        check(stack, settings)
        _confirm(_intent(stack, lock), arguments)
        order = Order(
            stack=stack, lock=lock, digest=lock_digest(lock), text=lock_text(lock), plan=plan_release,
            on_compute=arguments.on == "compute", job_options=options,
        )  # fmt: skip
        done = carry_out(order, settings)
    if arguments.json:
        put(json.dumps({"release": _release(done.release), "before": done.before, "how": done.how}))
    else:
        say(f"{paint('done:', 'green')} {stack.name} {done.release.name} {_HOW[done.how]}")
    return 0


def rollback(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Put an older release in service."""
    from pybuild.upkeep import rollback as back

    stack = stack_of(arguments)
    release = back(stack, arguments.to, settings_of(arguments, environ))
    if arguments.json:
        put(json.dumps({"release": _release(release)}))
    else:
        say(f"{paint('done:', 'green')} {stack.name} {release.name} is in service again")
    return 0


def status(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print what is in service; a release that does not work is an error.

    Raises:
        PrefixError: nothing was deployed yet, or no release that works is in service.
        DocumentError: the stack file or its lock is wrong.
    """
    from pybuild.status import status as find

    stack = stack_of(arguments)
    path = lock_file(stack.file)
    lock = lock_digest(read_lock(path, stack.file)) if os.path.exists(path) else None
    found = find(stack, settings_of(arguments, environ), lock=lock)
    if arguments.json:
        rows = [{**asdict(one), "release": one.release and _release(one.release)} for one in found.releases]
        put(json.dumps({**asdict(found), "releases": rows}, indent=1))
    else:
        _print(found)
    if found.problem:
        raise PrefixError(
            f"{found.problem}: {stack.name} has no release in service that works",
            hint=(f"pybuild stack rollback {arguments.file}, or " if found.releases else "")
            + f"pybuild stack deploy {arguments.file}",
        )
    return 0


def prune(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Show what may go, ask, and remove it.

    Raises:
        UsageError: a number that makes no sense, or there is no terminal to ask on.
        Interrupted: the answer was no; nothing was changed.
        PrefixError: nothing was deployed yet, somebody else changes the stack, or a release stays.
        DocumentError: the stack file is wrong.
    """
    from pybuild.upkeep import prune as clear

    stack = stack_of(arguments)
    settings = settings_of(arguments, environ)
    if not 0 <= arguments.grace <= _LONGEST or (arguments.keep is not None and arguments.keep < 1):
        raise UsageError("--keep takes a number from 1 on, --grace hours from 0 on, up to a century")
    grace = timedelta(hours=arguments.grace)
    if not arguments.yes and not arguments.dry_run:
        looked = clear(stack, settings, keep=arguments.keep, grace=grace, dry_run=True)
        going = [fate.name for fate in looked.fates if fate.goes]
        _confirm(
            "\n".join(_fates(looked.fates)), arguments, question=f"remove {', '.join(going) or 'nothing'}?"
        )
    done = clear(stack, settings, keep=arguments.keep, grace=grace, dry_run=arguments.dry_run)
    if arguments.json:
        rows = [asdict(fate) for fate in done.fates]
        put(json.dumps({"releases": rows, "swept": done.swept, "unseen": done.known.unseen,
                        "jobs": done.known.jobs}))  # fmt: skip
        return 0
    for line in _fates(done.fates):
        put(line)
    say(f"note: {_horizon(done.known.unseen, done.known.jobs)}")
    return 0


def _release(release: Release) -> dict[str, object]:
    """Return a release as data; its levels by name, as ``verify`` prints them."""
    return {**asdict(release), "levels": dict(release.levels)}


def _fates(fates: Sequence[Fate]) -> list[str]:
    return columns((fate.name, "remove" if fate.goes else "keep", fate.why) for fate in fates)


def _horizon(unseen: int, jobs: str) -> str:
    return (
        f"users of a release are known on this node only ({unseen} processes of others show no more than "
        f"their command line), and of batch jobs: {jobs}"
    )


def _intent(stack: Stack, lock: Lock) -> str:
    return f"{stack.name}: {counts(lock)}, below {stack.root}"


def _confirm(text: str, arguments: argparse.Namespace, question: str = "go ahead?") -> None:
    if arguments.yes:
        return
    say(text)
    demand_yes(question, hint="add -y to go ahead without being asked")


def _print(found: Status) -> None:
    put(f"{found.stack}: {found.current or 'nothing'} is in service below {found.root}")
    if found.since:
        put(f"put there {found.since} by {found.by}")
    for line in columns(_row(one) for one in reversed(found.releases)):
        put(f"  {line}")
    here = next((one for one in found.releases if one.name == found.current), None)
    if here is not None and here.release is not None:
        put("verified: " + ", ".join(f"{name} {level}" for name, level in here.release.levels))
    for one in found.releases:
        for who in one.holders:
            put(f"in use: {one.name}: {who}")
    for text in found.drift:
        put(f"{paint('drift:', 'yellow', stream=sys.stdout)} {text}")
    for text in found.unknown:
        say(f"note: {text}")
    say(f"note: {_horizon(found.unseen, found.jobs)}")


def _row(one: Standing) -> tuple[str, ...]:
    size = f"{one.size / 1e6:.0f} MB" if one.size else ""
    users = f"{len(one.holders)} using it" if one.holders else ""
    return one.name, one.state, f"begun {one.begun} by {one.by}", size, users
