"""A yes-or-no check of data against our own schemas, for the hot path.

jsonschema is what explains problems, but importing it takes longer than loading a hundred recipes.
So data that is right, which is nearly always, is told by the few lines below,
and jsonschema is imported when something is wrong (``problems.py``).
Only the keywords that our schemas use are known; any other raises, so that a schema cannot outgrow this file
unnoticed. tests/load/test_schema.py holds that both give the same answer for thousands of damaged documents.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Schema = Mapping[str, Any]

_ANNOTATIONS = frozenset({"$schema", "$defs", "title", "description"})


def conforms(value: object, schema: Schema, root: Schema) -> bool:
    """Return whether ``value`` meets ``schema``.

    Args:
        root: the whole schema file, where ``$ref`` looks names up.

    Raises:
        KeyError: the schema uses a keyword that is not known here.
    """
    for keyword, operand in schema.items():
        if keyword not in _ANNOTATIONS and not _CHECKS[keyword](value, operand, schema, root):
            return False
    return True


def target(reference: str, root: Schema) -> Schema:
    """Return the schema that a local ``$ref`` such as ``#/$defs/name`` names."""
    found: Schema = root["$defs"][reference.removeprefix("#/$defs/")]
    return found


def _type(value: object, operand: str) -> bool:
    if operand == "integer":
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        return whole and not isinstance(value, bool)
    return isinstance(value, {"object": dict, "array": list, "string": str, "boolean": bool}[operand])


def _properties(value: object, operand: Schema, root: Schema) -> bool:
    if not isinstance(value, dict):
        return True
    return all(conforms(value[key], part, root) for key, part in operand.items() if key in value)


def _additional(value: object, operand: Any, schema: Schema, root: Schema) -> bool:
    if not isinstance(value, dict):
        return True
    others = [key for key in value if key not in schema.get("properties", ())]
    if operand is False:
        return not others
    return all(conforms(value[key], operand, root) for key in others)


def _names(value: object, operand: Schema, root: Schema) -> bool:
    return not isinstance(value, dict) or all(conforms(key, operand, root) for key in value)


def _items(value: object, operand: Schema, root: Schema) -> bool:
    return not isinstance(value, list) or all(conforms(item, operand, root) for item in value)


def _size(
    kind: type[str] | type[list[Any]] | type[dict[str, Any]], holds: Callable[[int, int], bool]
) -> Callable[[Any, int, Schema, Schema], bool]:
    return lambda value, operand, _schema, _root: not isinstance(value, kind) or holds(len(value), operand)


def _least(size: int, limit: int) -> bool:
    return size >= limit


def _most(size: int, limit: int) -> bool:
    return size <= limit


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_CHECKS: dict[str, Callable[[Any, Any, Schema, Schema], bool]] = {
    "$ref": lambda value, operand, _, root: conforms(value, target(operand, root), root),
    "type": lambda value, operand, _, __: _type(value, operand),
    "enum": lambda value, operand, _, __: isinstance(value, str) and value in operand,
    "pattern": lambda value, operand, _, __: not isinstance(value, str) or bool(re.search(operand, value)),
    "minLength": _size(str, _least),
    "maxLength": _size(str, _most),
    "minItems": _size(list, _least),
    "minProperties": _size(dict, _least),
    "maxProperties": _size(dict, _most),
    "minimum": lambda value, operand, _, __: not _number(value) or value >= operand,
    "maximum": lambda value, operand, _, __: not _number(value) or value <= operand,
    "required": lambda value, operand, _, __: not isinstance(value, dict) or set(operand) <= set(value),
    "properties": lambda value, operand, _, root: _properties(value, operand, root),
    "additionalProperties": _additional,
    "propertyNames": lambda value, operand, _, root: _names(value, operand, root),
    "items": lambda value, operand, _, root: _items(value, operand, root),
    "anyOf": lambda value, operand, _, root: any(conforms(value, part, root) for part in operand),
    "oneOf": lambda value, operand, _, root: sum(conforms(value, part, root) for part in operand) == 1,
}
