"""Adds a version to the text of a recipe; every other byte stays as it was."""

from __future__ import annotations

import re

from packaging.version import Version

from pybuild.authoring.record import DraftedRelease
from pybuild.authoring.text import release_lines
from pybuild.errors import DocumentError
from pybuild.load.document import Document, parse_document


def with_release(path: str, text: str, release: DraftedRelease) -> str:
    """Return a recipe's text with one more version in its place, newest first.

    Comments right above an older version stay with that version.

    Args:
        path: of the file, for messages.

    Raises:
        DocumentError: the recipe has that version, or its versions are not written one below the other.
    """
    document = parse_document(path, text)
    known = _versions(document)
    if any(Version(version) == Version(release.version) for version in known):
        raise DocumentError((document.problem(("versions",), f"versions: has {release.version} already"),))
    lines = re.split(r"(?<=\n)", text)
    place, sample = _place(document, lines, known, Version(release.version))
    new = _written(document, lines, sample, release)
    end = "\r\n" if lines[0].endswith("\r\n") else "\n"
    if place > 0 and not lines[place - 1].endswith("\n"):
        new = ["", *new]  # the file's last line has no end of its own
    added = "".join(line + end for line in new)
    result = "".join(lines[:place]) + added + "".join(lines[place:])
    _check(document, result, release)
    return result


def _versions(document: Document) -> list[str]:
    versions = document.data.get("versions")
    return [str(version) for version in versions] if isinstance(versions, dict) else []


def _place(document: Document, lines: list[str], known: list[str], new: Version) -> tuple[int, str]:
    """Return the line to insert before, and the version whose layout is taken over."""
    older = next((version for version in known if Version(version) < new), None)
    if older is None:
        return _end_of(document, lines, known[-1]), known[-1]
    line = document.position_of(("versions", older))[0] - 1
    while line > 0 and lines[line - 1].lstrip().startswith("#"):
        line -= 1
    return line, older


def _end_of(document: Document, lines: list[str], version: str) -> int:
    """Return the line behind the last one of a version."""
    first, column = document.position_of(("versions", version))
    last = first
    for number in range(first, len(lines)):
        line = lines[number].rstrip()
        if not line or line.lstrip().startswith("#"):
            continue
        if len(line) - len(line.lstrip()) < column:
            break
        last = number + 1
    return last


def _written(document: Document, lines: list[str], sample: str, release: DraftedRelease) -> list[str]:
    """Return the new lines with indentation and quotes of a version that is there."""
    line, column = document.position_of(("versions", sample))
    quote = lines[line - 1].lstrip()[:1]
    inner = [
        at[1] for key, at in document.positions.items() if key[:2] == ("versions", sample) and len(key) == 3
    ]
    step = max(inner[0] - column, 1) if inner else 2
    return release_lines(release, indent=column - 1, step=step, quote=quote if quote in "\"'" else '"')


def _check(before: Document, text: str, release: DraftedRelease) -> None:
    """Read the result again: it must be the same recipe with one more version."""
    sentence = (
        f"versions: {release.version} cannot be added, because versions do not stand one below the other"
    )
    failure = DocumentError((before.problem(("versions",), sentence),), hint="add it by hand")
    try:
        after = parse_document(before.path, text)
    except DocumentError:
        raise failure from None
    versions = after.data.get("versions")
    if not isinstance(versions, dict) or release.version not in versions:
        raise failure
    rest = {version: value for version, value in versions.items() if version != release.version}
    if {**after.data, "versions": rest} != dict(before.data):
        raise failure
