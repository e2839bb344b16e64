"""``pybuild stack lock`` and ``pybuild stack plan``."""

from __future__ import annotations

import json
import os
from dataclasses import asdict

from pybuild.cli.settings import settings_of
from pybuild.cli.stack_file import stack_of
from pybuild.cli.stack_text import counts, difference_lines
from pybuild.cli.text import paint, put, say
from pybuild.errors import DocumentError, PlanError, UsageError
from pybuild.load.stack_lock import lock_digest, lock_file, read_lock, write_lock
from pybuild.plan.stack_difference import difference

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from pybuild.model.stack import Lock, Stack
    from pybuild.workflow import Settings


def lock(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Resolve the stack file, write its lock, and say what is different from the one that was there.

    Raises:
        UsageError: some packages and all of them are to be upgraded.
    """
    from pybuild.cli.progress import Screen
    from pybuild.locking import make_lock

    if arguments.upgrade and arguments.upgrade_all:
        raise UsageError("--upgrade and --upgrade-all contradict each other", hint="leave one of them out")
    stack = stack_of(arguments)
    path = lock_file(stack.file)
    older, why = _older(path)
    with Screen(verbose=arguments.verbose) as screen:
        settings = settings_of(arguments, environ, screen)
        if why:
            screen.note(why)
        made = make_lock(stack, settings, None if arguments.upgrade_all else older, _names(arguments.upgrade))
    rows = difference(older, made)
    changed = older is None or bool(rows)
    if changed and not arguments.dry_run:
        write_lock(path, made)
    if arguments.json:
        data = {"file": path, "digest": lock_digest(made), "changed": changed, "lock": asdict(made)}
        put(json.dumps({**data, "difference": [asdict(row) for row in rows]}, indent=1))
        return 0
    for line in difference_lines(rows) if older is not None else ():
        put(line)
    done = f"{path}: {counts(made)}"
    if not changed:
        say(f"{paint('done:', 'green')} {done}, as before")
    elif arguments.dry_run:
        say(f"{done}; nothing was written")
    else:
        say(f"{paint('done:', 'green')} {done}")
    return 0


def plan(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Show what would change if the lock were deployed; drift ends with the code of a plan that fails.

    Raises:
        PlanError: there is no lock, it is older than its stack file, or it no longer holds.
    """
    from pybuild.cli.progress import Screen
    from pybuild.locking import deployed_lock, make_lock

    stack = stack_of(arguments)
    path = lock_file(stack.file)
    before = deployed_lock(stack)
    with Screen(verbose=False) as screen:
        settings = settings_of(arguments, environ, screen)
        if arguments.resolve:
            wanted = make_lock(stack, settings, _older(path)[0])
            drifted: PlanError | None = None
        else:
            wanted = read_lock(path, stack.file)
            drifted = _drift(stack, wanted, settings)
    rows = difference(before, wanted)
    found = list(getattr(drifted, "found", ()))
    if arguments.json:
        data = {"stack": stack.name, "deployed": lock_digest(before) if before else None}
        data |= {"lock": lock_digest(wanted)}
        put(json.dumps({**data, "difference": [asdict(row) for row in rows], "drift": found}, indent=1))
    else:
        _show(stack, before, wanted, rows, verbose=arguments.verbose)
    if drifted is not None:
        raise drifted
    return 0


def _show(stack: Stack, before: Lock | None, wanted: Lock, rows: Sequence[object], *, verbose: bool) -> None:
    if before is None:
        put(f"{stack.name}: nothing is in service below {stack.root}; the lock has {counts(wanted)}")
    elif not rows:
        put(f"{stack.name}: what is in service below {stack.root} is what the lock says")
    else:
        put(f"{stack.name}: deploying the lock would change what is in service below {stack.root}:")
    for line in difference_lines(difference(before, wanted), verbose=verbose):
        put(line)


def _drift(stack: Stack, wanted: Lock, settings: Settings) -> PlanError | None:
    """Return why the lock can no longer be deployed, None where it can.

    Raises:
        PlanError: the lock is older than its stack file.
    """
    from pybuild.locking import DriftError, nowhere, plan_release

    try:
        plan_release(stack, wanted, nowhere(settings), settings)
    except DriftError as error:
        return error
    return None


def _names(texts: Sequence[str]) -> tuple[str, ...]:
    from packaging.utils import canonicalize_name

    return tuple(canonicalize_name(text) for text in texts)


def _older(path: str) -> tuple[Lock | None, str]:
    """Return the lock that is there, or None and what to say where it cannot be read."""
    if not os.path.exists(path):
        return None, ""
    try:
        return read_lock(path), ""
    except DocumentError as error:
        return None, f"the old lock is passed over, everything is resolved anew: {error.problems[0]}"
