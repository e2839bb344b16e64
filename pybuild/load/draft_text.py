"""How a drafted site file is written: names, quotes, comments."""

from __future__ import annotations

import fnmatch
import json
import re

from pybuild.load.probe import Seen
from pybuild.load.schema import load_schema


def loaded_as(seen: Seen, pattern: str) -> str:
    """Return the first loaded module, with its version, whose name a pattern matches, or ``""``."""
    names = ((module, bare_name(module)) for module in seen.loaded)
    return next((one for one, bare in names if is_module(bare) and fnmatch.fnmatchcase(bare, pattern)), "")


def bare_name(module: str) -> str:
    """Return a module's name without its version."""
    return module.rpartition("/")[0] or module


def is_module(name: str) -> bool:
    """Return whether a site file may name a module so."""
    return re.search(load_schema("site")["$defs"]["module"]["pattern"], name) is not None


def slug(text: str) -> str:
    """Return text as a name of lower-case letters, digits and hyphens; it may become empty."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def host_pattern(hostname: str) -> str:
    """Return a regular expression for names like this one: ``login[0-9]+`` for ``login07``."""
    return re.sub(r"\d+", "[0-9]+", re.sub(r"([.+*?()|\[\]{}^$\\])", r"\\\1", hostname)) or "localhost"


def whereabouts(seen: Seen, program: str, start: str = ": ") -> str:
    """Return the end of a comment: where a program is, ``""`` where it was not found."""
    return f"{start}{shown(seen.programs[program])} is on the PATH" if program in seen.programs else ""


def shown(text: str) -> str:
    """Return text for a comment: one line, no longer than such a line should be."""
    plain = " ".join(text.split())
    plain = "".join(char for char in plain if char.isprintable())
    return plain if len(plain) <= 160 else plain[:159] + "…"


def quoted(value: str) -> str:
    """Return a value as YAML text, without what no document may hold."""
    value = "".join(char for char in value if char.isprintable())
    plain = re.fullmatch(r"[A-Za-z/][A-Za-z0-9_./@+-]*", value)
    guess = value.lower() in ("yes", "no", "on", "off", "true", "false", "null", "y", "n")
    return value if plain and not guess else json.dumps(value, ensure_ascii=False)
