"""``pybuild mirror create``: a folder for machines without a network."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

from pybuild.cli.plain import absolute
from pybuild.cli.progress import Screen
from pybuild.cli.settings import choice, named_file, settings_of
from pybuild.cli.text import paint, put, say
from pybuild.errors import UsageError
from pybuild.model.plan import Download
from pybuild.model.request import Request
from pybuild.plan.specs import parse_spec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pybuild.model.plan import Plan
    from pybuild.workflow import Settings


def create(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Gather what installing the specs into new prefixes, or deploying a stack, needs, built from source.

    Raises:
        UsageError: neither specs nor a stack, or both, or a file stands where the folder is to be.
        PlanError: as planning finds it.
        FetchError, ChecksumError: a file cannot be had; what came before it is kept.
    """
    from pybuild.mirroring import fill_mirror

    if bool(arguments.specs) == bool(arguments.stack):
        raise UsageError("expected either SPEC or --stack FILE", hint="pybuild mirror create --help")
    folder = absolute(arguments.to)
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise UsageError(f"--to {arguments.to}: is no folder", hint="name a new one, or one that is empty")
    with Screen() as screen:
        settings = settings_of(arguments, environ, screen)
        if settings.places.mirror == folder:  # it is what is made here
            settings = replace(settings, places=replace(settings.places, mirror=None))
        plans, more = (
            _of_stack(arguments, settings) if arguments.stack else (_of_specs(arguments, settings), ())
        )
        filled = fill_mirror(plans, Path(folder), settings, more=more)
    if arguments.json:
        put(json.dumps(asdict(filled)))
        return 0
    for name in filled.added:
        put(name)
    say(f"{paint('done:', 'green')} {folder}: {len(filled.added)} files added, {filled.kept} kept")
    return 0


def _of_specs(arguments: argparse.Namespace, settings: Settings) -> list[Plan]:
    """Return one plan for each Python, for a prefix that does not exist."""
    from pybuild.locking import nowhere
    from pybuild.workflow import prepare

    requests = [
        Request(
            specs=tuple(parse_spec(text) for text in arguments.specs),
            prefix=nowhere(settings),
            python=python.strip() or None,
            target=arguments.target,
            providers=tuple(choice(text) for text in arguments.use),
        )
        for python in (arguments.python or "").split(",")
    ]
    return [prepare(one, settings, acting=False) for one in requests]


def _of_stack(arguments: argparse.Namespace, settings: Settings) -> tuple[list[Plan], tuple[Download, ...]]:
    """Return the plan of a stack's next release, and its installer where that has to be fetched."""
    from pybuild.load.stack import load_stack
    from pybuild.load.stack_lock import lock_file, read_lock
    from pybuild.locking import nowhere, plan_release

    stack = load_stack(named_file("--stack", arguments.stack))
    plan = plan_release(stack, read_lock(lock_file(stack.file), stack.file), nowhere(settings), settings)
    installer = stack.installer
    if installer is None or "://" not in installer.file:
        return [plan], ()
    name = installer.file.rsplit("/", 1)[-1]
    return [plan], (Download(file=name, sha256=installer.sha256, url=installer.file),)
