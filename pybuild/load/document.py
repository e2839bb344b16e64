"""YAML files as plain data that remembers where every key stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pybuild.errors import DocumentError

KeyPath = tuple[str | int, ...]

_LIMIT = 1 << 20  # bytes; the largest recipe known has 40 KiB


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A YAML file, read and taken apart.

    Attributes:
        path: the file as it was named, for messages.
        data: strings, numbers, truth values, None, lists and mappings with string keys.
        text: the file as read.
        positions: (line, column), from 1, of each key and list item.
        raw: text of each value that YAML took for something else than a string: ``3.10``, ``yes``.
        elsewhere: the file in which a key or item stands that another document brought, see ``extend.py``.
    """

    path: str
    data: Mapping[str, object]
    text: str
    positions: Mapping[KeyPath, tuple[int, int]] = field(repr=False)
    raw: Mapping[KeyPath, str] = field(repr=False)
    elsewhere: Mapping[KeyPath, str] = field(repr=False, default_factory=dict)

    def position_of(self, path: KeyPath) -> tuple[int, int]:
        """Return (line, column) of a key or item, or of the nearest one above it that stands in the file."""
        while path and path not in self.positions:
            path = path[:-1]
        return self.positions.get(path, (1, 1))

    def problem(self, path: KeyPath, sentence: str) -> str:
        """Return ``file:line: sentence`` for the place where ``path`` is written."""
        return f"{self.file_of(path)}:{self.position_of(path)[0]}: {sentence}"

    def file_of(self, path: KeyPath) -> str:
        """Return the file that :meth:`position_of` is about."""
        while path and path not in self.positions:
            path = path[:-1]
        return self.elsewhere.get(path, self.path)


def load_document(path: str, *, empty: bool = False) -> Document:
    """Read a YAML file, with one ``open``.

    Args:
        empty: as for :func:`parse_document`.

    Raises:
        DocumentError: unreadable, over 1 MiB, not UTF-8, or whatever :func:`parse_document` refuses.
    """
    return parse_document(path, read_text(path), empty=empty)


def read_text(path: str) -> str:
    """Return the text of a YAML file.

    Raises:
        DocumentError: unreadable, over 1 MiB, or not UTF-8.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(_LIMIT + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DocumentError((f"{path}:1: cannot be read: {reason}",)) from error
    if len(content) > _LIMIT:
        raise DocumentError((f"{path}:1: larger than 1 MiB, which no recipe or site needs",))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DocumentError(
            (f"{path}:{line}: not UTF-8: found byte 0x{content[error.start]:02x}",),
            hint="save the file as UTF-8",
        ) from error


def parse_document(path: str, text: str, *, empty: bool = False) -> Document:
    """Return the document that ``text`` holds.

    Args:
        path: name of the file, for messages only.
        empty: whether the file may hold nothing, or nothing but comments, which is no key.

    Raises:
        DocumentError: broken YAML, duplicate or non-string keys, tags, more than one document,
            aliases that expand hugely; all that can be told at once are told at once.
    """
    from pybuild.load.yamldata import read_yaml

    result = read_yaml(path, text)
    if empty and result.data is None:
        result.data = {}
    if not isinstance(result.data, dict):
        result.problems.append(f"{path}:1: expected a mapping of keys to values at the top of the file")
    if result.problems:
        raise DocumentError(tuple(result.problems))
    assert isinstance(result.data, dict)
    return Document(path=path, data=result.data, text=text, positions=result.positions, raw=result.raw)
