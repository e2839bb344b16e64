"""Command lines of the plainest shape, read without argparse: that alone is ten files of the library's.

What is read here is a command, its words in one row, and whole options with a space before their value.
Anything else, be it another command or a mistake, is left to the parser.
tests/cli/test_plain.py holds that both make the same of a line, with every option of these commands.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

_PREFIX = {"-p": "prefix", "--prefix": "prefix"}
_JSON = {"--json": "json"}
_PLANNED = {f"--{name}": name for name in ("python", "target", "site", "channel", "cache", "mirror")}
_LISTS = {f"--{name}": name for name in ("use", "recipes", "sites")}
_SWITCHES = {"-v": "verbose"} | {f"--{name}": name for name in ("json", "rebuild", "offline", "verbose")}
_ACTING = {"-y": "yes", "--yes": "yes", "-n": "dry_run", "--dry-run": "dry_run", "--submit": "submit"}


class Shape:
    """What a command takes.

    Args:
        run: the command's function.
        words: where its words go, ``""`` where it takes none.
        values, lists, switches: options, and where each goes.
        others: what only the parser reads, and what that makes of its absence.
    """

    def __init__(
        self,
        run: Callable[..., int],
        words: str,
        *,
        values: Mapping[str, str] = _PREFIX,
        lists: Mapping[str, str] = {},
        switches: Mapping[str, str] = _JSON,
        others: Sequence[str] = (),
    ) -> None:
        self.run = run
        self.words = words
        self.values = values
        self.lists = lists
        self.switches = switches
        self.others = others


class Arguments:
    """What the parser would make of the same line; ``run`` is the command's function."""

    def __init__(self, name: str, shape: Shape) -> None:
        self.called = f"pybuild {name}"
        self.run = shape.run
        found: dict[str, Any] = dict.fromkeys((*shape.values.values(), *shape.others))
        found.update(dict.fromkeys(shape.switches.values(), False))
        found.update((place, []) for place in shape.lists.values())
        self.__dict__.update(found)


def _install(arguments: Any, environ: Mapping[str, str]) -> int:
    from pybuild.cli.install import install

    return install(arguments, environ)


def _plan(arguments: Any, environ: Mapping[str, str]) -> int:
    from pybuild.cli.install import plan

    return plan(arguments, environ)


def _list(arguments: Any, environ: Mapping[str, str]) -> int:
    from pybuild.cli.prefix import list_

    return list_(arguments, environ)


SHAPES = {
    "install": Shape(
        _install, "specs", values={**_PREFIX, **_PLANNED, "--job-options": "job_options"}, lists=_LISTS,
        switches={**_SWITCHES, **_ACTING}, others=("verify", "jobs", "on"),
    ),
    "plan": Shape(
        _plan, "specs", values={**_PREFIX, **_PLANNED, "-o": "output", "--output": "output"}, lists=_LISTS,
        switches=_SWITCHES, others=("verify",),
    ),
    "list": Shape(_list, ""),
}  # fmt: skip


def read(argv: Sequence[str]) -> Arguments | None:
    """Return the arguments of a plain line, None for one that the parser must read.

    Args:
        argv: arguments without the program's name.
    """
    shape = SHAPES.get(argv[0]) if argv else None
    if shape is None:
        return None
    found = Arguments(argv[0], shape)
    words: list[str] = []
    ended = False
    rest = iter(argv[1:])
    for word in rest:
        if not word.startswith("-"):
            if ended:  # a second row of words: argparse has its own mind about these
                return None
            words.append(word)
            continue
        ended = bool(words)
        if not _is_taken(word, rest, shape, found):
            return None
    if bool(words) != bool(shape.words):
        return None
    if words:
        setattr(found, shape.words, words)
    return found


def _is_taken(option: str, rest: Iterator[str], shape: Shape, found: Arguments) -> bool:
    """Put what an option says where it goes, with its value from the rest; return whether it is plain."""
    if option in shape.switches:
        setattr(found, shape.switches[option], True)
        return True
    value = next(rest, "-")
    if value.startswith("-"):
        return False
    if option in shape.values:
        setattr(found, shape.values[option], value)
    elif option in shape.lists:
        getattr(found, shape.lists[option]).append(value)
    else:
        return False
    return True


def absolute(text: str) -> str:
    """Return a path of the command line made absolute, with ``~`` replaced, which ``--option=~/x`` keeps."""
    return os.path.abspath(os.path.expanduser(text))
