"""A drafted recipe as YAML, in the layout of the recipes that come with pybuild."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from pybuild.authoring.record import Drafted, DraftedRelease, Row

_WIDTH = 110
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./+@-]*")
_PROSE = re.compile(r"https://[A-Za-z0-9_./+@~-]+|[A-Za-z][A-Za-z0-9_./+@(),;-]*( [A-Za-z0-9_./+@(),;-]+)*")
_GUESSES = {"yes", "no", "on", "off", "true", "false", "null", "y", "n"}


def recipe_text(drafted: Drafted) -> str:
    """Return the text of recipe.yaml."""
    return "\n".join(_lines(drafted)) + "\n"


def quoted(value: str, *, prose: bool = False) -> str:
    """Return a value as YAML text; one that YAML might take for something else is quoted.

    Args:
        prose: the value stands alone on its line, so that blanks and commas do no harm.
    """
    value = "".join(char for char in value if char.isprintable())
    fits = (_PROSE if prose else _PLAIN).fullmatch(value)
    return value if fits and value.lower() not in _GUESSES else json.dumps(value, ensure_ascii=False)


def comment(text: str, indent: str = "") -> list[str]:
    """Return a sentence as comment lines."""
    plain = "".join(char if char.isprintable() else " " for char in text)
    lines, line = [], indent + "#"
    for word in plain.split():
        if len(line) + 1 + len(word) > _WIDTH and line.strip() != "#":
            lines.append(line)
            line = indent + "#"
        line += f" {word}"
    return [*lines, line]


def release_lines(release: DraftedRelease, *, indent: int = 2, step: int = 2, quote: str = '"') -> list[str]:
    """Return the lines of one version.

    Args:
        indent, step: blanks before the version, and so many more for each level below it.
        quote: around the version.
    """
    one, two, three, four = (" " * (indent + step * level) for level in range(4))
    lines = [f"{one}{quote}{release.version}{quote}:"]
    if release.python:
        lines.append(f"{two}python: {json.dumps(release.python)}")
    if release.file:
        lines.append(f"{two}file: {release.file}")
    if release.sha256:
        lines.append(f"{two}sha256: {hash_text(release.sha256)}")
    if release.wheels:
        lines.append(f"{two}wheels:")
        for file, sha256 in release.wheels:
            lines += [f"{three}{file}:", f"{four}{hash_text(sha256)}"]
    return lines


def hash_text(sha256: str) -> str:
    """Return a hash as YAML text: one of digits alone, or with a single e among them, looks like a number."""
    return f'"{sha256}"' if re.fullmatch(r"[0-9]+(e[0-9]+)?", sha256) else sha256


def _lines(drafted: Drafted) -> Iterator[str]:
    for note in drafted.header:
        yield from comment(note)
    yield f"name: {drafted.name}"
    yield "about:"
    for row in drafted.about:
        yield from _entry(row, "  ", prose=True)
    yield "source:"
    yield f"  {drafted.source[0]}: {quoted(drafted.source[1])}"
    yield "versions:"
    for release in drafted.releases:
        yield from release_lines(release)
    yield from _requirements(drafted)
    yield "build:"
    yield f"  system: {drafted.system}"
    if drafted.script:
        yield "  script: |"
        yield from (f"    {line}" for line in drafted.script.splitlines())
    for note in drafted.env_notes:
        yield from comment(note, "  ")
    if drafted.env:
        yield "  env:"
        for row in drafted.env:
            yield from _entry(row, "    ")
    yield from _overrides(drafted)
    yield "tests:"
    yield from drafted.tests
    yield "# Remove this line when you have seen the package built and verified."
    yield "unproven: true"


def _entry(row: Row, indent: str, *, prose: bool = False) -> Iterator[str]:
    for note in row.comments:
        yield from comment(note, indent)
    yield f"{indent}{row.key}: {quoted(row.text, prose=prose)}"


def _requirements(drafted: Drafted) -> Iterator[str]:
    kinds = (
        ("build", drafted.build, (*drafted.build_notes, *drafted.build.notes)),
        ("run", drafted.run, (*drafted.run_notes, *drafted.run.notes)),
    )
    if not drafted.virtual and not any(needs.rows or notes for _, needs, notes in kinds):
        return
    if drafted.virtual or any(needs.rows for _, needs, _ in kinds):
        yield "requirements:"
    if drafted.virtual:
        for note in (note for row in drafted.virtual for note in row.comments):
            yield from comment(note, "  ")
        yield f"  virtual: {_flow(row.text for row in drafted.virtual)}"
    for kind, needs, notes in kinds:
        for note in notes:
            yield from comment(note, "  ")
        if needs.rows:
            yield from _list(kind, needs.rows, "  ")


def _overrides(drafted: Drafted) -> Iterator[str]:
    rows = [("build", needs) for needs in drafted.build.others] + [
        ("run", needs) for needs in drafted.run.others
    ]
    if not rows:
        return
    yield "overrides:"
    spans = list(dict.fromkeys(span for _, (span, _) in rows))
    for span in spans:
        yield f"  - when: {{python: {json.dumps(span)}}}"
        yield "    reason: the package asks for other packages with these Pythons"
        yield "    requirements:"
        for kind, (other, needs) in rows:
            if other == span:
                yield from _list(kind, needs, "      ")


def _list(key: str, rows: tuple[str, ...], indent: str) -> Iterator[str]:
    line = f"{indent}{key}: {_flow(rows)}"
    if len(line) <= _WIDTH:
        yield line
        return
    yield f"{indent}{key}:"
    yield from (f"{indent}  - {quoted(row)}" for row in rows)


def _flow(rows: Iterable[str]) -> str:
    return f"[{', '.join(quoted(row) for row in rows)}]"
