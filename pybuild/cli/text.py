"""Sentences and columns for people; colour only on a terminal that wants it."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TextIO

    from pybuild.errors import PybuildError

_DOCUMENT_HINT = "correct the file there; pybuild recipe lint checks every recipe and site"
_CODES = {"red": "31", "yellow": "33", "green": "32", "cyan": "36", "dim": "2", "bold": "1"}


def can_be_live() -> bool:
    """Return whether lines drawn over themselves are wanted: on a terminal with colour, not in CI."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("CI") or os.environ.get("TERM") == "dumb"
    return sys.stderr is not None and sys.stderr.isatty() and not plain


def paint(text: str, colour: str, *, stream: object = None) -> str:
    """Return ``text`` in a colour, or as it is where nobody wants or sees it."""
    target = stream or sys.stderr
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    wants = getattr(target, "isatty", lambda: False)() and not plain
    return f"\033[{_CODES[colour]}m{text}\033[0m" if wants and text else text


def explain(error: PybuildError) -> str:
    """Return what is printed for an error."""
    from pybuild.errors import BuildError, DocumentError

    lines = [f"{paint('error:', 'red')} {error.message}"]
    if isinstance(error, BuildError):
        lines += [f"  | {line}" for line in error.tail]
        lines += [f"log: {error.log}"] if error.log else []
    hint = error.hint or (_DOCUMENT_HINT if isinstance(error, DocumentError) else None)
    if hint:
        from pybuild.cli.hints import completed

        lines.append(f"{paint('hint:', 'cyan')} {completed(hint)}")
    text = "\n".join(lines) + "\n"
    if "_placeholder" in text:
        from pybuild.run.padding import shortened

        text = shortened(text)
    return text


def columns(rows: Iterable[Sequence[str]], *, indent: str = "") -> list[str]:
    """Return rows as lines with aligned columns; the last column is not padded."""
    table = [list(row) for row in rows]
    if not table:
        return []
    widths = [max(len(row[i]) for row in table if i < len(row)) for i in range(max(map(len, table)))]
    return [
        indent + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=False)).rstrip() for row in table
    ]


def counted(number: int, one: str, several: str = "") -> str:
    """Return a number with its noun: ``1 package``, ``2 packages``."""
    return f"{number} {one if number == 1 else several or one + 's'}"


def say(text: str) -> None:
    """Print for people: to standard error."""
    _write(sys.stderr, text + "\n")


def put(text: str) -> None:
    """Print what a program may read: to standard output, without colour unless that is a terminal, too."""
    if not sys.stdout.isatty():
        text = _strip(text)
    _write(sys.stdout, text + "\n")


def _write(stream: TextIO, text: str) -> None:
    """Write; where the reader has left, as ``head`` does, the command goes on to its own end."""
    try:
        stream.write(text)
    except BrokenPipeError:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())


def _strip(text: str) -> str:
    for code in _CODES.values():
        text = text.replace(f"\033[{code}m", "")
    return text.replace("\033[0m", "")
