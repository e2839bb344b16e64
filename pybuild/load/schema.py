"""Check documents against ``schemas/*.schema.json``."""

from __future__ import annotations

import functools
import os
from typing import Any, Literal

from pybuild.errors import DocumentError
from pybuild.load.conform import conforms
from pybuild.load.document import Document

SchemaName = Literal["recipe", "site", "config", "proof", "stack"]


def validate(document: Document, schema_name: SchemaName, *, part: bool = False) -> None:
    """Check a document.

    Args:
        part: whether another document completes this one, so that any key may be missing but its ``name``.

    Raises:
        DocumentError: every problem, each one sentence that begins ``file:line: key:``.
    """
    schema = _part_schema(schema_name) if part else load_schema(schema_name)
    if conforms(document.data, schema, schema):
        return
    from pybuild.load.problems import explain  # imports jsonschema, so only when something is wrong

    raise DocumentError(explain(document, schema))


@functools.cache
def load_schema(schema_name: SchemaName) -> dict[str, Any]:
    """Return one of our JSON schemas."""
    import json

    path = os.path.join(os.path.dirname(__file__), "schemas", f"{schema_name}.schema.json")
    with open(path, encoding="utf-8") as file:
        schema: dict[str, Any] = json.load(file)
    return schema


@functools.cache
def _part_schema(schema_name: SchemaName) -> dict[str, Any]:
    whole: dict[str, Any] = _without_required(load_schema(schema_name))
    return {**whole, "required": ["name"]}


def _without_required(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_required(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    lists = {key: part for key, part in schema.items() if not (key == "required" and isinstance(part, list))}
    return {key: _without_required(part) for key, part in lists.items()}
