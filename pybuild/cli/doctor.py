"""``pybuild doctor``: what is wrong with a shell, a prefix or a job, why, and what to do."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from pybuild.cli.settings import places_of
from pybuild.cli.text import paint, put
from pybuild.errors import PlanError, UsageError
from pybuild.load.sites import choose_site
from pybuild.verify.failures import Recognised, alone, recognised

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from pybuild.model.site import Site

LONGEST = 64_000_000
"""Characters of output that are looked at; the failure that ends a job stands near the end."""

_WHERE = {"login": "on a login node", "compute": "inside a job"}


def doctor(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Explain a job's output, or look at this shell and the prefix where none is named.

    Raises:
        UsageError: the output cannot be read, or an option belongs to the other use.
        PlanError: the output shows no failure that is known, or there is no such site.
        DocumentError: the site's file is wrong.
    """
    if arguments.output is None:
        if arguments.node:
            raise UsageError(
                "--node says where a job's output comes from, and none is named",
                hint="pybuild doctor JOB-OUTPUT --node compute",
            )
        from pybuild.cli.checkup import checkup

        return checkup(arguments, environ)
    if arguments.prefix:
        raise UsageError(
            "a job's output and a prefix are looked at one at a time", hint="leave JOB-OUTPUT or --prefix out"
        )
    return _job(arguments, environ)


def _job(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Explain the failures of a job's output that are known; the exit code is 0 if there is one."""
    places = places_of(arguments, environ)
    site = choose_site(arguments.site or places.site, places, environ)
    text = _read(arguments.output)
    found = [
        one for one in recognised(text, site.failures)
        if arguments.node is None or one.failure.node in (arguments.node, None)
    ]  # fmt: skip
    lonely = alone(text)
    found += [lonely] if lonely is not None else []
    if arguments.json:
        put(json.dumps([_data(one) for one in found], indent=1))
    if not found:
        raise PlanError(
            f"{arguments.output}: shows no failure that site {site.name} knows of", hint=_elsewhere(site)
        )
    for one in () if arguments.json else found:
        for line in _lines(one):
            put(line)
    return 0


def _elsewhere(site: Site) -> str:
    if site.failures:
        return f"pybuild site show {site.name} lists those that it knows, under failures"
    return (
        f"site {site.name} lists none; name the site of the machine that it ran on with --site NAME: "
        "pybuild site list"
    )


def _lines(one: Recognised) -> list[str]:
    failure = one.failure
    where = f"{_WHERE[failure.node]}: " if failure.node else ""
    lines = [one.line[:200], f"  {paint(where + failure.means, 'bold')}", f"  {failure.cure}"]
    return [*lines, f"  source: {failure.source}"] if failure.source else lines


def _data(one: Recognised) -> dict[str, object]:
    failure = one.failure
    return {
        "line": one.line, "node": failure.node, "means": failure.means, "cure": failure.cure,
        "source": failure.source,
    }  # fmt: skip


def _read(path: str) -> str:
    if path == "-":
        return sys.stdin.read(LONGEST)
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            if file.seekable():
                file.seek(0, 2)
                file.seek(max(0, file.tell() - LONGEST))
            return file.read()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(
            f"{path}: cannot be read: {reason}", hint="name the file with the job's output, or - for stdin"
        ) from error
