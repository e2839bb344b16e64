"""What tells one machine from another: the keys of ``detect``, held against this machine one by one."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pybuild.errors import DocumentError
from pybuild.load.conform import conforms
from pybuild.model.nodes import Detect
from pybuild.model.site import Site

_KEY = re.compile(r"([a-z_]+):(?:\s|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clue:
    """One thing by which a site knows its machine.

    Attributes:
        key: where it stands: ``detect.env.NERSC_HOST``.
        holds: whether it is so here.
        text: what was found, and what was expected where that is something else.
    """

    key: str
    holds: bool
    text: str


def clues(wanted: Detect, environ: Mapping[str, str], hostname: str) -> tuple[Clue, ...]:
    """Return one clue for each key of ``detect``, in the order variables, host name, files.

    Args:
        environ: the user's environment.
        hostname: the machine's own name.
    """
    found = [_variable(name, value, environ.get(name)) for name, value in wanted.env]
    if wanted.hostname:
        holds = re.fullmatch(wanted.hostname, hostname) is not None
        text = f"the host name is {hostname}, " + ("which matches " if holds else "expected ")
        found.append(Clue(key="detect.hostname", holds=holds, text=text + wanted.hostname))
    for path in wanted.files:
        holds = os.path.exists(path)
        found.append(Clue(key="detect.files", holds=holds, text=f"{path} is {'' if holds else 'not '}there"))
    return tuple(found)


def detects(site: Site, environ: Mapping[str, str], hostname: str) -> bool:
    """Return whether a site recognises its machine; one without ``detect`` and an abstract one never do."""
    return not site.abstract and _all_hold(site.detect, environ, hostname)


def surely_elsewhere(text: str, environ: Mapping[str, str], hostname: str, schema: Mapping[str, Any]) -> bool:
    """Return whether a glance at a site's text shows that it describes another machine.

    Reading every site whole would cost more than the rest of a plan.
    False is always safe: it says that only reading the whole file can tell,
    as for every file that has anything odd at its left edge.

    Args:
        schema: that of sites.
    """
    lines = text.splitlines()
    edges = [(number, line) for number, line in enumerate(lines) if line.strip() and line[0] not in " \t#"]
    keys = [match[1] if (match := _KEY.match(line)) else "" for _, line in edges]
    if not all(key in schema["properties"] for key in keys) or keys.count("detect") > 1:
        return False
    if "detect" not in keys:
        return True
    at = keys.index("detect")
    end = edges[at + 1][0] if at + 1 < len(edges) else len(lines)
    wanted = _glimpse("\n".join(lines[edges[at][0] : end]), schema)
    try:
        return wanted is not None and not _all_hold(wanted, environ, hostname)
    except re.error:
        return False


def _glimpse(text: str, schema: Mapping[str, Any]) -> Detect | None:
    from pybuild.load.document import parse_document

    try:
        raw: Any = parse_document("detect", text).data["detect"]
    except DocumentError:
        return None
    if not conforms(raw, schema["properties"]["detect"], schema):
        return None
    env = tuple(raw.get("env", {}).items())
    return Detect(env=env, hostname=raw.get("hostname", ""), files=tuple(raw.get("files", ())))


def _all_hold(wanted: Detect, environ: Mapping[str, str], hostname: str) -> bool:
    found = clues(wanted, environ, hostname)
    return bool(found) and all(clue.holds for clue in found)


def _variable(name: str, expected: str, found: str | None) -> Clue:
    key = f"detect.env.{name}"
    if found == expected:
        return Clue(key=key, holds=True, text=f"{name} is {found}")
    state = f"{name} is {found}" if found else f"{name} is {'empty' if found == '' else 'not set'}"
    return Clue(key=key, holds=False, text=f"{state}, expected {expected}")
