"""load/document.py: YAML is read safely, and everything remembers where it stands."""

from __future__ import annotations

import builtins
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybuild.errors import DocumentError
from pybuild.load.document import load_document, parse_document


def problems_of(text: str) -> tuple[str, ...]:
    with pytest.raises(DocumentError) as caught:
        parse_document("f.yaml", text)
    return caught.value.problems


def test_data_is_plain() -> None:
    """Mappings, lists, text, numbers, truth values and nothing come out as Python's own; dates stay text."""
    document = parse_document("f", "a: [1, 2.5, yes, ~, text, '3.10']\nb: {c: 2020-02-01}\n")
    assert document.data == {"a": [1, 2.5, True, None, "text", "3.10"], "b": {"c": "2020-02-01"}}


def test_positions() -> None:
    """A key's position is where the key is written; an item's where it begins; unknown paths fall back."""
    document = parse_document("f", "a:\n  b: 1\n  c:\n    - x\n    - {d: 2}\n")
    assert document.position_of(("a",)) == (1, 1)
    assert document.position_of(("a", "b")) == (2, 3)
    assert document.position_of(("a", "c", 1)) == (5, 7)
    assert document.position_of(("a", "c", 1, "d")) == (5, 8)
    assert document.position_of(("a", "c", 1, "missing", 3)) == (5, 7)
    assert document.position_of(("nowhere",)) == (1, 1)
    assert document.problem(("a", "b"), "is wrong") == "f:2: is wrong"


def test_raw_text_of_numbers() -> None:
    """What YAML makes a number or truth value of keeps its spelling, so that a message can quote it."""
    document = parse_document("f", "a: 3.10\nb: ON\nc: '3.10'\n")
    assert document.raw == {("a",): "3.10", ("b",): "ON"}


@pytest.mark.parametrize("text", ["a:\n\tb: 1\n", "a:\n  \tb: 1\n", "a: 1\n\tb: 2\n"])
def test_tab(text: str) -> None:
    """A tab in the indentation is called a tab, with line and column."""
    (problem,) = problems_of(text)
    assert problem.startswith("f.yaml:2:")
    assert problem.endswith(": a tab; YAML allows only spaces here")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: b: c\n", "f.yaml:1:5: a ': ' where none may stand"),
        ("a: @x\n", "f.yaml:1:4: text cannot begin with '@'; quote it"),
        ("a: 'x\nb: 1\n", "f.yaml:3:1: the file ends inside a quoted text"),
        ("a: [1, 2\nb: 1\n", "f.yaml:2:2: expected ',' or ']'"),
        ("a: \x01\n", "f.yaml:1:4: a control character"),
    ],
)
def test_broken_yaml(text: str, expected: str) -> None:
    """Broken YAML is reported with line, column and what to look for."""
    (problem,) = problems_of(text)
    assert problem.startswith(expected)


def test_all_duplicates_at_once() -> None:
    """Every duplicate key is named with both of its lines, in one go."""
    assert problems_of("a: 1\nb: {c: 1, c: 2}\na: 2\n") == (
        "f.yaml:2: the key 'c' stands twice, first in line 2",
        "f.yaml:3: the key 'a' stands twice, first in line 1",
    )


@pytest.mark.parametrize("key", ["3.10", "1", "on", "null", "~"])
def test_keys_are_text(key: str) -> None:
    """A key that YAML takes for something else than text is refused with how to write it."""
    (problem,) = problems_of(f"{key}: x\n")
    assert problem.startswith("f.yaml:1: the key ")
    assert problem.endswith(f'; quote it: "{key}"')


def test_quoted_keys_pass() -> None:
    """Quoted, the same keys are text."""
    assert parse_document("f", "'3.10': x\n\"on\": y\n").data == {"3.10": "x", "on": "y"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("? [a]\n: 1\n", "cannot be a key"),
        ("<<: {a: 1}\n", "'<<' is not supported"),
        ("a: !!python/object/apply:os.system [id]\n", "is not allowed; only plain YAML is"),
        ("--- {a: 1}\n--- {b: 1}\n", "a second document begins here"),
        ("a: *x\n", "'*x' names no anchor above it"),
        ("a: &x [*x]\n", "'*x' refers to itself"),
        ("- a\n", "expected a mapping of keys to values"),
        ("", "expected a mapping of keys to values"),
        ("[" * 100_000, "nested more than 40 deep"),
        ("a: " + "9" * 5000 + "\n", "a number of 5000 characters"),
    ],
)
def test_refused_yaml(text: str, expected: str) -> None:
    """YAML beyond plain data is refused, each kind in its own words."""
    assert expected in problems_of(text)[0]


def test_alias_is_followed() -> None:
    """A small alias gives the value of its anchor."""
    assert parse_document("f", "a: &x [1, 2]\nb: *x\n").data == {"a": [1, 2], "b": [1, 2]}


def test_bomb() -> None:
    """Aliases that would expand to millions of values are refused before they do."""
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    assert "expand to more than" in problems_of("\n".join(lines))[0]


def test_file_problems(tmp_path: Path) -> None:
    """Missing, too large and wrongly encoded files, and folders, are document errors that name the file."""
    large, latin, folder = tmp_path / "large.yaml", tmp_path / "latin.yaml", tmp_path / "folder.yaml"
    large.write_bytes(b"a: b\n" + b"#" * (1 << 20))
    latin.write_bytes("a: b\nc: é\n".encode("latin-1"))
    folder.mkdir()
    for path, expected in (
        (tmp_path / "none.yaml", ":1: cannot be read: no such file or directory"),
        (large, ":1: larger than 1 MiB"),
        (latin, ":2: not UTF-8: found byte 0xe9"),
        (folder, ":1: cannot be read: is a directory"),
    ):
        with pytest.raises(DocumentError) as caught:
            load_document(str(path))
        assert caught.value.problems[0].startswith(f"{path}{expected}")


def test_exactly_one_mebibyte(tmp_path: Path) -> None:
    """The limit itself is allowed, and a byte order mark is not part of the first key."""
    path = tmp_path / "f.yaml"
    head = b"\xef\xbb\xbfa: b\n"
    path.write_bytes(head + b"#" * ((1 << 20) - len(head)))
    assert load_document(str(path)).data == {"a": "b"}


def test_one_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is opened once."""
    path = tmp_path / "f.yaml"
    path.write_text("a: b\n")
    opened: list[Any] = []
    real = builtins.open

    def counting(file: Any, *args: Any, **kwargs: Any) -> Any:
        opened.append(os.fspath(file))
        return real(file, *args, **kwargs)

    parse_document("f", "a: b")  # imports what there is to import
    monkeypatch.setattr(builtins, "open", counting)
    load_document(str(path))
    assert opened == [str(path)]


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    """No text whatever gives anything but a document or a document error."""
    try:
        problems = tuple(parse_document("f", text).problem((), "fine").splitlines())
    except DocumentError as error:
        problems = error.problems
    assert problems
    assert all(problem.startswith("f:") for problem in problems)


_CONTROL = "".join(map(chr, (*range(9), *range(11, 32), 127)))


@pytest.mark.parametrize("text", ['a: [b, "x\\0y"]', 'a: "\\e[31m"', 'a: {"\\x7f": b}', "a: 'x\u007f'"])
def test_control_characters(text: str) -> None:
    """No program could be given a NUL, and a terminal would obey the others."""
    problems = problems_of(f"# one\n{text}\n")
    assert problems[0].startswith("f.yaml:2")
    assert "a control character" in problems[0]


def test_scripts_have_lines_and_tabs() -> None:
    """These two are text."""
    assert parse_document("f.yaml", 'a: "x\\n\\ty"').data == {"a": "x\n\ty"}


_TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters=_CONTROL))


@given(st.recursive(_TEXT | st.integers() | st.none(), lambda inner: st.lists(inner, max_size=4)))
def test_same_as_pyyaml(value: object) -> None:
    """What PyYAML writes comes back as PyYAML's own safe loader would read it."""
    import yaml

    text = yaml.safe_dump({"value": value})
    assert parse_document("f", text).data == yaml.safe_load(text)
