"""``pybuild report``: what a run did, when, and why it took so long."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild.cli.settings import places_of, written_file
from pybuild.cli.text import columns, put, say

if TYPE_CHECKING:
    import argparse

    from pybuild.run.folder import RunFolder


def report(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Write the page of a run, or list the runs.

    Raises:
        UsageError: there is no such run.
    """
    from pybuild.run.folder import find_run, find_runs
    from pybuild.run.page import page

    cache = places_of(arguments, environ).cache
    if arguments.list:
        _list(find_runs(cache), as_data=arguments.json)
        return 0
    prefix = os.path.abspath(os.path.expanduser(arguments.prefix)) if arguments.prefix else None
    output = written_file("--output", arguments.output) if arguments.output else None
    record = find_run(cache, arguments.run_name, prefix).read()
    if arguments.json:
        from cattrs import unstructure

        put(json.dumps(unstructure(record)))
        return 0
    path = Path(output or f"{record.name}.html")
    path.write_text(page(record), "utf-8")
    say(f"{path}: open it in a browser")
    return 0


def _list(folders: tuple[RunFolder, ...], *, as_data: bool) -> None:
    from pybuild.cli.builds_view import summary

    records = [folder.read() for folder in folders]
    if as_data:
        put(json.dumps([{"name": r.name, "prefix": r.prefix, "command": r.command} for r in records]))
        return
    for line in columns([(r.name, summary(r), r.prefix) for r in records]):
        put(line)
