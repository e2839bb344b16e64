"""``pybuild doctor`` without a job's output: what is wrong with this shell and the prefix."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

from pybuild.checkup.examine import Checkup, examine
from pybuild.cli.plain import absolute
from pybuild.cli.settings import settings_of
from pybuild.cli.text import counted, paint, put, say
from pybuild.errors import ExitCode, PrefixError
from pybuild.model.finding import Finding
from pybuild.prefix import places

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

_COLOURS = {"wrong": "red", "note": "yellow"}


def checkup(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print what is wrong, why, and what to type; the exit code is 11 where something is.

    Raises:
        PrefixError: there is no conda prefix at the path that was named.
    """
    settings = replace(settings_of(arguments, environ), recall=True)
    found = examine(_prefix(arguments, environ), settings)
    wrong = sum(one.level == "wrong" for one in found.findings)
    if arguments.json:
        put(json.dumps(asdict(found), indent=1))
    else:
        for finding in found.findings:
            for line in _lines(finding):
                put(line)
        _sum_up(found, wrong)
    return int(ExitCode.VERIFICATION) if wrong else 0


def _prefix(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Path | None:
    named = arguments.prefix or environ.get("CONDA_PREFIX")
    if not named:
        return None
    path = Path(absolute(named))
    if (places.meta(path) / "history").exists() or places.unfinished(path).exists():
        return path
    none = "is no conda prefix (it has no conda-meta/history)"
    if arguments.prefix:
        raise PrefixError(f"{path}: {none}", hint=f"pybuild install mpi4py -p {path} makes one")
    raise PrefixError(
        f"CONDA_PREFIX names {path}, which {none}", hint="conda deactivate, or name a prefix: --prefix DIR"
    )


def _lines(one: Finding) -> list[str]:
    head = paint(one.level, _COLOURS[one.level]) + " " * (7 - len(one.level))
    return [f"{head}{one.what}", f"       why: {one.why}", f"       do:  {paint(one.cure, 'bold')}"]


def _sum_up(found: Checkup, wrong: int) -> None:
    node = f", a {found.node} node" if found.node else ""
    looked = f"this shell at site {found.site}{node}"
    if found.prefix:
        looked += f", and {found.prefix} ({counted(found.packages, 'package')} of ours)"
    else:
        looked += "; name a prefix with --prefix DIR to have it looked at as well"
    notes = len(found.findings) - wrong
    said = f", {counted(notes, 'note')}" if notes else ""
    if wrong:
        say(f"{paint('error:', 'red')} {counted(wrong, 'thing')} wrong{said}; looked at {looked}")
    else:
        say(f"{paint('done:', 'green')} nothing is wrong{said}; looked at {looked}")
