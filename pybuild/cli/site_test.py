"""``pybuild site test``: a site's module operations, tried with the real module tool."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict

from pybuild.box.operations import Row, run_operations
from pybuild.cli.settings import places_of
from pybuild.cli.text import paint, put, say
from pybuild.errors import ModuleToolError, UsageError
from pybuild.model.modules import Tool
from pybuild.model.site import Site


def site_test(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Carry out each operation of a site and say of each what came of it; code 9 where one failed."""
    from pybuild.load.sites import choose_site
    from pybuild.modules.capture import capture

    places = places_of(arguments, environ)
    site = choose_site(arguments.name or arguments.site, places, environ)
    if site.modules.tool == "none":
        if arguments.json:
            put("[]")
        say(f"{paint('done:', 'green')} site {site.name} has no module tool, so there is nothing to try")
        return 0
    with _tried(site, arguments, environ) as there:
        rows = _shown(run_operations(there, capture), arguments.json)
    failed = sum(not row.ok for row in rows)
    if arguments.json:
        put(json.dumps([asdict(row) for row in rows], indent=1))
    if failed:
        say(f"{paint('error:', 'red')} site {site.name}: {failed} of {len(rows)} checks failed")
        return int(ModuleToolError.code)
    where = " in an imitation" if _imitates(arguments) else ""
    say(f"{paint('done:', 'green')} site {site.name}{where}: {len(rows)} checks, all as they should be")
    return 0


def _imitates(arguments: argparse.Namespace) -> bool:
    """Return whether an imitation is tried; a tool or a folder for it is only named for that."""
    return bool(arguments.simulate or arguments.box or arguments.tool)


@contextmanager
def _tried(site: Site, arguments: argparse.Namespace, environ: Mapping[str, str]) -> Iterator[Site]:
    """Give the site itself, or the one of a box that imitates it and is removed afterwards."""
    if not _imitates(arguments):
        _demand_machine(site)
        yield site
        return
    from pybuild.box.make import make_box

    tool, init = tool_here(site, arguments.tool, environ)
    with tempfile.TemporaryDirectory(prefix="pybuild-box-") as folder:
        place = os.path.abspath(arguments.box or os.path.join(folder, "box"))
        box = make_box(site, place, tool=tool, init=init)
        for note in box.notes:
            say(f"{paint('note:', 'cyan')} {note}")
        if arguments.box:
            say(f"{paint('note:', 'cyan')} the box stays in {place}; bash --rcfile {box.login} stands in it")
        yield box.site


def _demand_machine(site: Site) -> None:
    for path in site.modules.init:
        if not os.path.exists(path):
            raise ModuleToolError(
                f"{site.file}: modules.init: found {path}, which does not exist: is this {site.name}?",
                hint=f"pybuild site test {site.name} --simulate tries it in an imitation",
            )


def tool_here(site: Site, asked: Tool | None, environ: Mapping[str, str]) -> tuple[Tool, str]:
    """Return the module tool that this machine has, the asked one or else the site's first, and its file."""
    from pybuild.load.probe import init_of

    first: Tool = asked or site.modules.tool
    other: Tool = "tcl" if first == "lmod" else "lmod"
    for tool in (first,) if asked else (first, other):
        init = init_of(tool, environ)
        if os.path.isfile(init):
            return tool, init
    names = {"tcl": "Environment Modules", "lmod": "Lmod"}
    raise UsageError(
        f"an imitation needs a real module tool, and there is no {names[first]} here: "
        f"{init_of(first, environ)} does not exist",
        hint="install environment-modules or lmod; MODULESHOME and LMOD_CMD say where one is",
    )


def _shown(rows: Iterable[Row], silent: bool) -> list[Row]:
    """Print each row as it comes, below the environment that it belongs to."""
    seen: list[Row] = []
    for row in rows:
        if not silent:
            if not seen or seen[-1].combination != row.combination:
                put(paint(row.combination, "bold"))
            mark = paint("ok  ", "green") if row.ok else paint("FAIL", "red")
            put(f"  {mark}  {row.what}: {row.sentence}" + (f"  [{row.by}]" if row.by else ""))
            if row.hint and not row.ok:
                put(f"        hint: {row.hint}")
        seen.append(row)
    return seen
