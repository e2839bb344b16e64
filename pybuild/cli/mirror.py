"""``pybuild mirror create``: a folder for machines without a network."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path

from pybuild.cli.progress import Screen
from pybuild.cli.settings import choice, settings_of
from pybuild.cli.text import paint, put, say
from pybuild.model.request import Request
from pybuild.plan.specs import parse_spec


def create(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Gather what installing the specs into new prefixes needs, built from source.

    Raises:
        PlanError: as planning finds it.
        FetchError, ChecksumError: a file cannot be had; what came before it is kept.
    """
    from pybuild.mirroring import fill_mirror
    from pybuild.workflow import prepare

    folder = os.path.abspath(os.path.expanduser(arguments.to))
    with Screen() as screen:
        settings = settings_of(arguments, environ, screen)
        if settings.places.mirror == folder:  # it is what is made here
            settings = replace(settings, places=replace(settings.places, mirror=None))
        plans = [prepare(one, settings, acting=False) for one in _requests(arguments, folder)]
        filled = fill_mirror(plans, Path(folder), settings)
    if arguments.json:
        put(json.dumps(asdict(filled)))
        return 0
    for name in filled.added:
        put(name)
    say(f"{paint('done:', 'green')} {folder}: {len(filled.added)} files added, {filled.kept} kept")
    return 0


def _requests(arguments: argparse.Namespace, folder: str) -> Iterator[Request]:
    """Yield one request for each Python, for a prefix that does not exist."""
    for python in (arguments.python or "").split(","):
        yield Request(
            specs=tuple(parse_spec(text) for text in arguments.specs),
            prefix=os.path.join(folder, ".prefix"),
            python=python.strip() or None,
            target=arguments.target,
            providers=tuple(choice(text) for text in arguments.use),
        )
