"""The lock of a stack: JSON beside the stack file, one item a line, so that a difference reads well."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pybuild.errors import DocumentError, PlanError
from pybuild.files import replace_file
from pybuild.model.stack import Lock

VERSION = 1
"""Of the file's form; a lock of another version is made anew."""

_LISTS = ("conda", "index", "recipes")


def lock_file(stack_file: str) -> str:
    """Return the path of the lock of a stack file: ``stack.lock.json`` beside ``stack.yaml``."""
    stem, extension = os.path.splitext(stack_file)
    return f"{stem if extension in ('.yaml', '.yml') else stack_file}.lock.json"


def lock_digest(lock: Lock) -> str:
    """Return the SHA-256 of everything that a lock says; two locks of one digest are equal."""
    return _digest(_data(lock))


def lock_text(lock: Lock) -> str:
    """Return the lock as it stands in its file; equal locks give equal bytes."""
    data = _data(lock)
    head = {"lock version": VERSION, "digest": _digest(data)}
    rows = [f"  {json.dumps(name)}: {_value(value)}" for name, value in {**head, **data}.items()]
    return "{\n" + ",\n".join(rows) + "\n}\n"


def write_lock(path: str, lock: Lock) -> None:
    """Write a lock; the file changes in one step.

    Raises:
        PlanError: it cannot be written.
    """
    try:
        replace_file(path, lock_text(lock), mode=0o644)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise PlanError(f"{path}: the lock cannot be written: {reason}") from error


def read_lock(path: str, stack_file: str = "") -> Lock:
    """Return the lock that a file holds.

    Args:
        stack_file: whose lock it is, for the hint.

    Raises:
        PlanError: there is none.
        DocumentError: it was made by another pybuild, changed by hand, or damaged.
    """
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        raise PlanError(f"{path}: there is no lock yet", hint=_hint(stack_file)) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = (getattr(error, "strerror", None) or "not UTF-8").lower()
        raise DocumentError((f"{path}:1: cannot be read: {reason}",)) from error
    return parse_lock(path, text, stack_file)


def parse_lock(path: str, text: str, stack_file: str = "") -> Lock:
    """Return the lock that a text holds.

    Args:
        path: name of the file, for messages only.
        stack_file: whose lock it is, for the hint.

    Raises:
        DocumentError: it was made by another pybuild, changed by hand, or damaged.
    """
    hint = _hint(stack_file)
    if any(line.startswith(("<<<<<<<", ">>>>>>>")) for line in text.splitlines()):
        line = next(n for n, row in enumerate(text.splitlines(), 1) if row.startswith(("<<<<<<<", ">>>>>>>")))
        raise DocumentError(
            (f"{path}:{line}: a merge left its marks here; a lock is never merged",), hint=hint
        )
    try:
        data = json.loads(text)
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        raise DocumentError((f"{path}:{line}: is no JSON, expected a lock",), hint=hint) from error
    version = data.pop("lock version", None) if isinstance(data, dict) else None
    if version != VERSION:
        found = "none" if version is None else f"{version}"
        sentence = f"{path}:1: lock version: found {found}, this pybuild reads and writes {VERSION}"
        raise DocumentError((sentence,), hint=hint)
    if data.pop("digest", None) != _digest(data):
        sentence = f"{path}:1: digest: is not that of the rest, so somebody changed the lock by hand"
        raise DocumentError((sentence,), hint=f"{hint}; what a lock holds follows from the stack file")
    return _structured(path, data, hint)


def _structured(path: str, data: Mapping[str, Any], hint: str) -> Lock:
    from cattrs import BaseValidationError, Converter

    try:
        return Converter(forbid_extra_keys=True).structure(data, Lock)
    except (BaseValidationError, TypeError, ValueError) as error:
        sentence = f"{path}:1: is no lock that this pybuild could have written"
        raise DocumentError((sentence,), hint=hint) from error


def _hint(stack_file: str) -> str:
    return f"pybuild stack lock {stack_file}".rstrip()


def _data(lock: Lock) -> dict[str, Any]:
    """Return a lock as plain data in the file's order."""
    data = json.loads(json.dumps(asdict(lock)))
    site = data["site"]
    site["modules"].sort()
    site["identities"].sort()
    for name in _LISTS:
        data[name].sort(key=lambda row: row["name"])
    return {name: value for name, value in sorted(data.items()) if name not in _LISTS} | {
        name: data[name] for name in _LISTS
    }


def _digest(data: Mapping[str, Any]) -> str:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _value(value: object) -> str:
    """Return a value as text: a list of items has one a line, the site one for each of its parts."""
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(f"    {_item(row)}" for row in value) + "\n  ]"
    if isinstance(value, dict):
        rows = [f"    {json.dumps(name)}: {_lines(inner)}" for name, inner in sorted(value.items())]
        return "{\n" + ",\n".join(rows) + "\n  }"
    return json.dumps(value)


def _item(row: Mapping[str, Any]) -> str:
    """Return a package as one line that begins with its name; each of its sources has a line of its own."""
    names = ["name", "version", *sorted(row.keys() - {"name", "version", "sources"})]
    text = ", ".join(f"{json.dumps(name)}: {json.dumps(row[name])}" for name in names)
    if not row.get("sources"):
        return f"{{{text}}}" if "sources" not in row else f'{{{text}, "sources": []}}'
    return f'{{{text}, "sources": {_lines(row["sources"])}}}'


def _lines(value: object) -> str:
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(f"      {json.dumps(row)}" for row in value) + "\n    ]"
    return json.dumps(value)
