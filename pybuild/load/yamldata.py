"""YAML text to plain data: strings, numbers, truth values, None, lists and mappings, nothing else."""

from __future__ import annotations

import re
from typing import Any, NoReturn

import yaml

from pybuild.errors import DocumentError

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # a PyYAML without libyaml: ten times slower, same data
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

KeyPath = tuple[str | int, ...]

_MAX_NODES = 20_000  # counted as if every alias were written out
_MAX_DEPTH = 40
_PREFIX = "tag:yaml.org,2002:"
# No argument, path or variable of a program can hold a NUL, and nobody means the others.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")

# What libyaml says, and what the reader has to look for.
_PLAIN_WORDS = (
    ("found a tab character", "a tab; YAML allows only spaces here"),
    (
        "mapping values are not allowed",
        "a ': ' where none may stand; quote the text, or align this line with the one above",
    ),
    ("did not find expected key", "expected a key; check the indentation and that quotes above are closed"),
    ("could not find expected ':'", "expected ': ' after the key; check that the line is complete"),
    ("did not find expected ',' or ']'", "expected ',' or ']'; a list was opened with '[' and not closed"),
    ("did not find expected ',' or '}'", "expected ',' or '}'; a mapping was opened with '{' and not closed"),
    ("did not find expected '-' indicator", "expected '- '; check the indentation of this list"),
    ("unexpected end of stream", "the file ends inside a quoted text; close the quote"),
    ("unexpected document indicator", "'---' stands inside a quoted text; close the quote"),
    ("found unknown escape character", "unknown escape after a backslash; use 'single quotes' for \"\\\""),
    ("control characters are not allowed", "a control character, which YAML does not allow"),
    # PyYAML from 6.0.4 on gives up at a thousand before we count forty.
    ("exceeded maximum nesting depth", f"lists and mappings are nested more than {_MAX_DEPTH} deep"),
)


class YamlData:
    """Data, positions and problems of one YAML text; filled by :func:`read_yaml`."""

    def __init__(self, path: str, loader: Any) -> None:
        self.path = path
        self.loader = loader
        self.data: object = None
        self.positions: dict[KeyPath, tuple[int, int]] = {}
        self.raw: dict[KeyPath, str] = {}
        self.problems: list[str] = []
        self._anchors: dict[str, tuple[object, int] | None] = {}
        self._nodes = 0

    def build(self, event: Any, path: KeyPath) -> object:
        """Return the value that begins with ``event``."""
        self._count(event, path, 1)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        if event.tag not in (None, "!"):
            self._problem(event, f"the tag '{event.tag}' is not allowed; only plain YAML is")
        before, anchor = self._nodes, event.anchor
        if anchor is not None:
            self._anchors[anchor] = None
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event, path)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._sequence(path)
        else:
            value = self._mapping(path)
        if anchor is not None:
            self._anchors[anchor] = (value, self._nodes - before)
        return value

    def _count(self, event: Any, path: KeyPath, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > _MAX_NODES:
            self.stop(event, f"aliases and lists expand to more than {_MAX_NODES} values")
        if len(path) > _MAX_DEPTH:
            self.stop(event, f"lists and mappings are nested more than {_MAX_DEPTH} deep")

    def _alias(self, event: Any, path: KeyPath) -> object:
        if event.anchor not in self._anchors:
            self.stop(event, f"'*{event.anchor}' names no anchor above it")
        known = self._anchors[event.anchor]
        if known is None:
            self.stop(event, f"'*{event.anchor}' refers to itself")
        value, nodes = known
        self._count(event, path, nodes)
        return value

    def _scalar(self, event: Any, path: KeyPath) -> object:
        text: str = event.value
        if found := _CONTROL.search(text):
            self._problem(
                event, f"a control character ({found[0]!a}); expected text that programs can be given"
            )
        tag = str(self.loader.resolve(yaml.ScalarNode, text, event.implicit)) if event.implicit[0] else ""
        kind = tag.removeprefix(_PREFIX)
        if kind not in ("int", "float", "bool", "null"):
            return text  # dates stay text too
        self.raw[path] = text
        node = yaml.ScalarNode(tag, text)
        try:
            value: object = getattr(self.loader, f"construct_yaml_{kind}")(node)
        except ValueError:  # thousands of digits
            self._problem(event, f"a number of {len(text)} characters; quote it if it is text")
            return text
        return value

    def _sequence(self, path: KeyPath) -> list[object]:
        items: list[object] = []
        while not isinstance(event := self.loader.get_event(), yaml.SequenceEndEvent):
            here = (*path, len(items))
            self.positions[here] = _place(event)
            items.append(self.build(event, here))
        return items

    def _mapping(self, path: KeyPath) -> dict[str, object]:
        items: dict[str, object] = {}
        first: dict[str, int] = {}
        while not isinstance(event := self.loader.get_event(), yaml.MappingEndEvent):
            line, column = _place(event)
            key = self._key(event, path)
            here = (*path, key)
            if key in first:
                self._problem(event, f"the key '{key}' stands twice, first in line {first[key]}")
            else:
                self.positions[here] = (line, column)
            first.setdefault(key, line)
            value = self.build(self.loader.get_event(), here)
            items.setdefault(key, value)
        return items

    def _key(self, event: Any, path: KeyPath) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            self.stop(event, "a list, mapping or alias cannot be a key; expected text")
        if event.implicit[0]:
            tag = self.loader.resolve(yaml.ScalarNode, event.value, event.implicit)
            if tag == _PREFIX + "merge":
                self.stop(event, "'<<' is not supported; write the keys out")
            if tag != _PREFIX + "str":
                what = _what(tag)
                self._problem(event, f'the key {event.value} is {what} to YAML; quote it: "{event.value}"')
        if "\n" in event.value:
            self._problem(event, "a key with a line break; expected one line")
        self.build(event, (*path, event.value))
        self.raw.pop((*path, event.value), None)
        return str(event.value)

    def _problem(self, event: Any, sentence: str) -> None:
        self.problems.append(f"{self.path}:{_place(event)[0]}: {sentence}")

    def stop(self, event: Any, sentence: str) -> NoReturn:
        """Raise with everything found so far and one more problem."""
        self._problem(event, sentence)
        raise DocumentError(tuple(self.problems))


def read_yaml(path: str, text: str) -> YamlData:
    """Take a YAML text apart.

    Problems after which reading can go on (duplicate keys) are gathered in the result.

    Raises:
        DocumentError: those after which it cannot.
    """
    try:
        loader = _Loader(text)
        result = YamlData(path, loader)
        loader.get_event()  # the stream's start
        if isinstance(loader.get_event(), yaml.StreamEndEvent):
            return result
        result.data = result.build(loader.get_event(), ())
        loader.get_event()  # the document's end
        event = loader.get_event()
        if not isinstance(event, yaml.StreamEndEvent):
            result.stop(event, "a second document begins here; expected one per file")
    except yaml.YAMLError as error:
        raise DocumentError((_broken(path, text, error),)) from error
    return result


def _what(tag: str) -> str:
    kinds = {"int": "a number", "float": "a number", "bool": "a truth value", "null": "nothing"}
    return kinds.get(tag.removeprefix(_PREFIX), "not text")


def _place(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _broken(path: str, text: str, error: yaml.YAMLError) -> str:
    """Return ``file:line:column: what is wrong`` in words that do not need a YAML expert."""
    if isinstance(error, yaml.reader.ReaderError):
        at = error.position if isinstance(error.position, int) else 0
        line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        return f"{path}:{line}:{column}: a control character, which YAML does not allow"
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = str(getattr(error, "problem", None) or error)
    if mark is None:
        return f"{path}:1:1: {problem}"
    lines = text.splitlines()
    rest = lines[mark.line][mark.column :] if mark.line < len(lines) else ""
    return f"{path}:{mark.line + 1}:{mark.column + 1}: {_plain(problem, rest)}"


def _plain(problem: str, rest: str) -> str:
    if "cannot start any token" in problem:
        if rest.startswith("\t"):
            return "a tab; YAML allows only spaces here"
        return f"text cannot begin with {rest[:1]!r}; quote it"
    for pattern, words in _PLAIN_WORDS:
        if pattern in problem:
            return words
    return problem
