"""Commands that are hinted at, with the places that this command line named: as they stand, they work."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

_OPTIONS = ("recipes", "sites", "cache", "channel")
_COMMAND = re.compile(r"\bpybuild ([a-z]+)(?: ([a-z]+))?\b")
_given: list[tuple[str, str]] = []


def remember(arguments: argparse.Namespace) -> None:
    """Keep what a command line says of places, for the hints of its command."""
    _given.clear()
    for name in _OPTIONS:
        values: Sequence[str] | str | None = getattr(arguments, name, None)
        for value in [values] if isinstance(values, str) else values or ():
            _given.append((f"--{name}", value))


def completed(hint: str) -> str:
    """Return a hint whose commands have the places of this command line, where they take and lack them."""
    return _COMMAND.sub(lambda found: _with_places(found, hint), hint) if _given else hint


def _with_places(found: re.Match[str], hint: str) -> str:
    import shlex

    options, words = _options_of(found[1], found[2])
    missing = [pair for pair in _given if pair[0] in options and pair[0] not in hint]
    named = "".join(f" {option} {shlex.quote(value)}" for option, value in missing)
    command = " ".join(("pybuild", *words))
    return f"{command}{named}{found[0][len(command) :]}"


def _options_of(first: str, second: str | None) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the options of the command that words name, none where they name none, and its words."""
    import argparse

    from pybuild.cli.parser import GROUPS, parser_of

    parser: argparse.ArgumentParser = parser_of(g for g, names in GROUPS.items() if first in names)
    words: tuple[str, ...] = ()
    for word in (first, second):
        inner = [a.choices for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
        if not inner or word not in inner[0]:
            break
        parser, words = inner[0][word], (*words, str(word))
    return (frozenset(parser._option_string_actions) if words else frozenset()), words
