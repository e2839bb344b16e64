"""One site made from another: what ``extends`` takes over, and where each part of the result stands.

Names and what tells a machine apart (``name``, ``extends``, ``abstract``, ``detect``) are each file's own.
Of everything else the child's word counts: mappings merge by key at every depth,
lists of named things by name, any other value replaces. In such a list the child's item takes the whole place
of the parent's, one that has nothing but its name leaves the parent's there, and new ones come after.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from pybuild.load.document import Document, KeyPath, parse_document

Value = TypeVar("Value")

OWN = ("name", "extends", "abstract", "detect")

_NAMED: tuple[tuple[KeyPath, tuple[str, ...]], ...] = (
    (("targets",), ("name",)),
    (("virtuals", "*"), ("name",)),
    (("rules",), ("name",)),
    (("libraries", "refuse"), ("name",)),
    (("python", "modules"), ("module",)),
    (("python", "refuse"), ("path",)),
    (("python", "variables"), ("name",)),
    # one text means one thing on login nodes and another in jobs
    (("failures",), ("pattern", "node")),
    (("file_systems",), ("path",)),
)
"""Lists that merge, and the keys that tell their items apart."""

_SEAM = re.compile(r"^--- # (?P<path>.+)$", re.MULTILINE)


@dataclass(kw_only=True)
class _Merge:
    """What is found while two documents are merged: where each part of the result comes from.

    Attributes:
        child, parent: for a place of that document, where it stands in the result.
    """

    child: dict[KeyPath, KeyPath] = field(default_factory=dict)
    parent: dict[KeyPath, KeyPath] = field(default_factory=dict)

    def values(self, child: object, parent: object, path: KeyPath, at: KeyPath, below: KeyPath) -> object:
        """Return the value for ``path`` of the result: ``at`` in the child, ``below`` in the parent."""
        if isinstance(child, dict) and isinstance(parent, dict):
            self.child[at] = path
            return self._mappings(child, parent, path, at, below)
        keys = _keys(path)
        if keys and isinstance(child, list) and isinstance(parent, list):
            self.child[at] = path
            return self._lists(child, parent, keys, path, at, below)
        self.child[at] = path
        return child

    def _mappings(
        self,
        child: Mapping[str, object],
        parent: Mapping[str, object],
        path: KeyPath,
        at: KeyPath,
        below: KeyPath,
    ) -> dict[str, object]:
        result: dict[str, object] = {}
        inherited = {key: value for key, value in parent.items() if path or key not in OWN}
        for key in (*inherited, *(key for key in child if key not in inherited)):
            place = (*path, key)
            if key not in child:
                self.parent[(*below, key)] = place
                result[key] = inherited[key]
            elif key in inherited:
                result[key] = self.values(child[key], inherited[key], place, (*at, key), (*below, key))
            else:
                self.child[(*at, key)] = place
                result[key] = child[key]
        return result

    def _lists(
        self,
        child: list[object],
        parent: list[object],
        keys: tuple[str, ...],
        path: KeyPath,
        at: KeyPath,
        below: KeyPath,
    ) -> list[object]:
        waiting = list(enumerate(child))
        result: list[object] = []
        for index, item in enumerate(parent):
            same = next((row for row in waiting if _same(row[1], item, keys)), None)
            if same is None:
                self.parent[(*below, index)] = (*path, len(result))
                result.append(item)
                continue
            waiting.remove(same)
            place = (*path, len(result))
            bare = isinstance(same[1], dict) and set(same[1]) <= set(keys)
            moves, source = (self.parent, (*below, index)) if bare else (self.child, (*at, same[0]))
            moves[source] = place
            result.append(item if bare else same[1])
        for index, item in waiting:
            self.child[(*at, index)] = (*path, len(result))
            result.append(item)
        return result


def merged(child: Document, parent: Document) -> Document:
    """Return the document that a site and the one that it extends make together.

    Its positions name the file in which each key stands; its text holds both files,
    and :func:`taken_apart` makes the same document of that text again.
    """
    work = _Merge()
    data = work.values(child.data, parent.data, (), (), ())
    assert isinstance(data, dict)
    positions = {**_moved(parent.positions, work.parent), **_moved(child.positions, work.child)}
    return Document(
        path=child.path,
        data=data,
        text=f"{child.text.rstrip()}\n--- # {parent.path}\n{parent.text}",
        positions=positions,
        raw={**_moved(parent.raw, work.parent), **_moved(child.raw, work.child)},
        elsewhere=dict.fromkeys(_moved(parent.positions, work.parent), parent.path),
    )


def taken_apart(path: str, text: str) -> Document:
    """Return the document of a site's text, whether or not a second file stands in it.

    Args:
        path: the site's file, for messages.

    Raises:
        DocumentError: the text was never that of a site that was loaded.
    """
    for seam in _SEAM.finditer(text):
        before = text[: seam.start()]
        # a file may begin with a "---" of its own, but only before its first key
        if any(line.strip() and not line.startswith(("#", "---")) for line in before.splitlines()):
            parent = parse_document(seam["path"], text[seam.end() + 1 :])
            return merged(parse_document(path, before), parent)
    return parse_document(path, text)


def _keys(path: KeyPath) -> tuple[str, ...]:
    for form, keys in _NAMED:
        if len(form) == len(path) and all(a in (b, "*") for a, b in zip(form, path, strict=True)):
            return keys
    return ()


def _same(one: object, other: object, keys: tuple[str, ...]) -> bool:
    if not isinstance(one, dict) or not isinstance(other, dict):
        return False
    return keys[0] in one and all(one.get(key) == other.get(key) for key in keys)


def _moved(rows: Mapping[KeyPath, Value], moves: Mapping[KeyPath, KeyPath]) -> dict[KeyPath, Value]:
    return dict(_rows(rows, moves))


def _rows(rows: Mapping[KeyPath, Value], moves: Mapping[KeyPath, KeyPath]) -> Iterator[tuple[KeyPath, Value]]:
    """Yield each row under the place to which the longest beginning of its path was moved, if any was."""
    for path, value in rows.items():
        for length in range(len(path), -1, -1):
            if path[:length] in moves:
                yield (*moves[path[:length]], *path[length:]), value
                break
