"""What jsonschema finds, told in sentences that say what to change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from pybuild.load.document import Document, KeyPath
from pybuild.load.dotted import dotted

_KINDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "boolean": "true or false",
}


def explain(document: Document, schema: dict[str, Any]) -> tuple[str, ...]:
    """Return one sentence per problem of a document, in the order of the file's lines."""
    found: dict[str, tuple[int, int]] = {}
    for error in Draft202012Validator(schema).iter_errors(document.data):
        for path, sentence in _sentences(error, document):
            told = f"{dotted(path)}: {sentence}" if path else sentence
            found.setdefault(document.problem(path, told), document.position_of(path))
    return tuple(sorted(found, key=found.__getitem__))


def _sentences(error: ValidationError, document: Document) -> Iterator[tuple[KeyPath, str]]:
    path: KeyPath = tuple(error.absolute_path)
    if "propertyNames" in error.absolute_schema_path:
        yield (*path, str(error.instance)), f"expected {_expected(error)} as key"
        return
    handler = _TOLD.get(str(error.validator))
    if handler is None:
        yield path, error.message
        return
    for key, sentence in handler(error, document, path):
        yield (path if key is None else (*path, key)), sentence


_Told = Iterator[tuple[str | None, str]]


def _unknown(error: ValidationError, _document: Document, _path: KeyPath) -> _Told:
    assert isinstance(error.schema, dict)
    known = list(error.schema.get("properties", ()))
    for key in _value(error):
        if key in known:
            continue
        near = get_close_matches(key, known, 1)
        advice = f'did you mean "{near[0]}"?' if near else f"expected one of {', '.join(known)}"
        yield key, f"unknown key; {advice}"


def _missing(error: ValidationError, _document: Document, _path: KeyPath) -> _Told:
    for key in _limit(error):
        if key not in _value(error):
            yield None, f"{key} is missing"


def _wrong_type(error: ValidationError, document: Document, path: KeyPath) -> _Told:
    expected = _KINDS[str(error.validator_value)]
    raw = document.raw.get(path)
    advice = ""
    if raw and error.validator_value == "string":
        advice = f'; quote it: "{raw}"'
    elif error.instance is None and error.validator_value == "string":
        advice = '; write "" for empty text'
    yield None, f"found {_found(error.instance, raw)}, expected {expected}{advice}"


def _wrong_form(error: ValidationError, _document: Document, _path: KeyPath) -> _Told:
    value = str(error.instance)
    value = value.replace("\n", "\\n")  # a sentence is one line
    shown = f'"{value}"' if len(value) <= 40 else f'"{value[:16]}…"'
    length = f" of {len(value)} characters" if len(value) > 16 else ""
    yield None, f"found {shown}{length}, expected {_expected(error)}"


def _not_listed(error: ValidationError, document: Document, path: KeyPath) -> _Told:
    allowed = [str(value) for value in _limit(error)]
    near = get_close_matches(str(error.instance), allowed, 1)
    advice = f'; did you mean "{near[0]}"?' if near else ""
    found = _found(error.instance, document.raw.get(path))
    yield None, f"found {found}, expected one of {', '.join(allowed)}{advice}"


def _not_one(error: ValidationError, _document: Document, _path: KeyPath) -> _Told:
    choices = [part["required"][0] for part in _limit(error)]
    if not isinstance(error.instance, dict):
        return  # its type is a problem of its own
    given = [key for key in error.instance if key in choices]
    found = f"found {' and '.join(given) or 'none'}"
    if len(given) == 1:
        others = ", ".join(key for key in error.instance if key != given[0])
        found = f"{given[0]} goes with nothing else, found {others}"
    yield None, f"exactly one of {', '.join(choices)} is needed; {found}"


def _none_of(error: ValidationError, _document: Document, _path: KeyPath) -> _Told:
    choices = [part["required"][0] for part in _limit(error)]
    if isinstance(error.instance, dict):
        yield None, f"one of {', '.join(choices)} is needed; found none"


def _wrong_count(error: ValidationError, _document: Document, _path: KeyPath) -> _Told:
    word = {"minProperties": "at least", "minItems": "at least", "maxProperties": "at most"}
    things = "items" if error.validator == "minItems" else "keys"
    if error.validator_value == 1:
        things = things[:-1]
    limit = f"{word[str(error.validator)]} {error.validator_value} {things}"
    known = error.schema.get("properties") if isinstance(error.schema, dict) else None
    of = f" of {', '.join(known)}" if known else ""
    yield None, f"expected {limit}{of}, found {len(_value(error)) or 'none'}"


def _wrong_size(error: ValidationError, _document: Document, _path: KeyPath) -> _Told:
    length = len(error.instance) if isinstance(error.instance, str) else error.instance
    if error.instance == "":
        yield None, "found empty text, expected some"
        return
    word = "at least" if str(error.validator).startswith("min") else "at most"
    unit = " characters" if isinstance(error.instance, str) else ""
    yield None, f"found {length}{unit}, expected {word} {error.validator_value}"


def _value(error: ValidationError) -> Any:
    return cast("Any", error.instance)


def _limit(error: ValidationError) -> Any:
    return cast("Any", error.validator_value)


def _expected(error: ValidationError) -> str:
    schema = error.schema if isinstance(error.schema, dict) else {}
    return str(schema.get("title", error.message))


def _found(value: object, raw: str | None) -> str:
    if isinstance(value, bool):
        return f"the truth value {raw or value}"
    if value is None:
        return "nothing"
    if isinstance(value, int | float):
        return f"the number {raw or value}"
    if isinstance(value, str):
        return f'"{value[:40]}"'
    return "a list" if isinstance(value, list) else "a mapping"


_TOLD: dict[str, Callable[[ValidationError, Document, KeyPath], _Told]] = {
    "additionalProperties": _unknown,
    "required": _missing,
    "type": _wrong_type,
    "pattern": _wrong_form,
    "enum": _not_listed,
    "oneOf": _not_one,
    "anyOf": _none_of,
    "minProperties": _wrong_count,
    "maxProperties": _wrong_count,
    "minItems": _wrong_count,
    "minLength": _wrong_size,
    "maxLength": _wrong_size,
    "minimum": _wrong_size,
    "maximum": _wrong_size,
}
