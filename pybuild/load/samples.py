"""Whether two patterns of host names have a name in common, told by names that each would match."""

from __future__ import annotations

import itertools
import re

_LIMIT = 60
_ATOM = re.compile(
    r"(?P<set>\[[^\]^\\]+\])|(?P<digit>\\d)|(?P<literal>\\[.\-_]|[A-Za-z0-9_\-])"
    r"|(?P<any>\.)|(?P<group>\((?:\?:)?(?P<inner>[^()]*)\))"
)
_COUNT = re.compile(r"\{(?P<low>\d+)(?:,\d*)?\}|[+*?]")


def common_name(one: str, other: str) -> str | None:
    """Return a host name that both patterns match whole, None where none was found.

    Only what host names are usually described with is understood: letters, digits, sets such as ``[0-9]``,
    one level of groups with ``|``, and how often each stands there. For a pattern with anything else
    no sample is made. An empty pattern matches every name.
    """
    for pattern, against in ((one, other), (other, one)):
        for name in samples(pattern or "x"):
            if not against or re.fullmatch(against, name):
                return name
    return None


def samples(pattern: str) -> tuple[str, ...]:
    """Return some texts that ``pattern`` matches whole; none where something in it is not understood."""
    return tuple(dict.fromkeys(_all(_branches(pattern)) or ()))


def _all(branches: list[str]) -> list[str] | None:
    made = [_sequence(branch) for branch in branches]
    return None if None in made else [name for part in made for name in part or ()]


def _branches(pattern: str) -> list[str]:
    """Split at every ``|`` outside of brackets."""
    parts, depth = [""], 0
    for char in pattern:
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(char, 0)
        if char == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _sequence(text: str) -> list[str] | None:
    pieces: list[list[str]] = []
    at = 0
    while at < len(text):
        atom = _ATOM.match(text, at)
        choices = _choices(atom) if atom else None
        if atom is None or choices is None:
            return None
        at = atom.end()
        count = _COUNT.match(text, at)
        if count:
            at = count.end()
            choices = _repeated(choices, count)
        pieces.append(choices)
    rows = itertools.islice(itertools.product(*pieces), _LIMIT)
    return ["".join(row) for row in rows]


def _choices(atom: re.Match[str]) -> list[str] | None:
    if atom["digit"]:
        return ["1", "0", "9"]
    if atom["set"]:
        inner = atom["set"][1:-1]
        ends = re.sub(r"(.)-(.)", r"\1\2", inner)
        return list(dict.fromkeys(ends))
    if atom["group"]:
        return _all(_branches(atom["inner"]))
    return ["a", "1"] if atom["any"] else [atom["literal"][-1]]


def _repeated(choices: list[str], count: re.Match[str]) -> list[str]:
    if count[0] in "*?":
        return ["", choices[0], *choices[1:2]]
    if count[0] == "+":
        return [*choices, choices[0] * 2]
    return [choice * int(count["low"]) for choice in choices]
