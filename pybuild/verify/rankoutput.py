"""What the ranks of a check printed, found between whatever launchers and libraries print."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One report of a check's script; ``library`` is empty where it names none."""

    size: int
    ranks: tuple[int, ...]
    library: str


def read_answers(text: str) -> tuple[Answer, ...]:
    """Return the reports in a program's output, in order.

    A report is a JSON object with ``size`` and ``ranks``, alone on its line, behind a label (``srun -l``)
    or beside another one, as happens when several processes write at once.
    """
    return tuple(answer for value in _objects(text) if (answer := _answer(value)) is not None)


def _objects(text: str) -> Iterator[object]:
    decoder = json.JSONDecoder()
    for line in text.splitlines():
        at = line.find("{")
        while at >= 0:
            try:
                value, end = decoder.raw_decode(line, at)
            except (ValueError, RecursionError):
                end = at + 1
            else:
                yield value
            at = line.find("{", end)


def _answer(value: object) -> Answer | None:
    if not isinstance(value, dict):
        return None
    size, ranks, library = value.get("size"), value.get("ranks"), value.get("library")
    if type(size) is not int or not isinstance(ranks, list) or any(type(rank) is not int for rank in ranks):
        return None
    return Answer(size=size, ranks=tuple(ranks), library=library if isinstance(library, str) else "")
