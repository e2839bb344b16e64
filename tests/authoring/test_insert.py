"""A version is added to a recipe's text, and nothing else changes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from pybuild.authoring import insert
from pybuild.authoring.insert import with_release
from pybuild.authoring.record import DraftedRelease
from pybuild.errors import DocumentError
from pybuild.load.document import parse_document

TEXT = """\
# On top.
name: thing   # odd   blanks
source: {pypi: thing}
versions:
  # About 3.
  "3.0":   # the newest
    python: ">=3.9"
    sha256: aa

  # From here down nothing is as it was,
  # for two reasons.
  "2.0":
    sha256: bb
  # A word at the end.

build:
  system: python
"""


def release(version: str) -> DraftedRelease:
    return DraftedRelease(version=version, python=">=3.8", file=f"Thing-{version}.tar.gz", sha256="c" * 64)


def added(text: str, version: str) -> tuple[str, list[str]]:
    """Return what comes before the new lines, and those."""
    after = with_release("recipe.yaml", text, release(version)).splitlines(keepends=True)
    before = text.splitlines(keepends=True)
    count = len(after) - len(before)
    for place in range(len(before) + 1):
        if after[:place] + after[place + count :] == before and version in after[place]:
            return "".join(before[:place]), after[place : place + count]
    raise AssertionError("other bytes changed")


@pytest.mark.parametrize(
    ("version", "stands_behind"),
    [
        ("4.0", "versions:\n"),
        ("2.5", "    sha256: aa\n\n"),
        ("1.0", "    sha256: bb\n"),
    ],
)
def test_a_version_gets_its_place(version: str, stands_behind: str) -> None:
    """Newest first; comments right above a version stay with it; the rest is byte for byte as before."""
    before, new = added(TEXT, version)
    assert before.endswith(stands_behind)
    assert "".join(new) == (
        f'  "{version}":\n    python: ">=3.8"\n    file: Thing-{version}.tar.gz\n    sha256: {"c" * 64}\n'
    )


def test_the_layout_is_taken_over() -> None:
    """Indentation, quotes and line ends are those of the file."""
    text = "name: thing\r\nversions:\r\n    '1.0':\r\n        sha256: aa\r\n"
    wheel = DraftedRelease(version="1.1", wheels=(("thing-1.1-py3-none-any.whl", "d" * 64),))
    new = with_release("recipe.yaml", text, wheel).removeprefix("name: thing\r\nversions:\r\n")
    assert new.startswith(
        "    '1.1':\r\n        wheels:\r\n            thing-1.1-py3-none-any.whl:\r\n"
        f"                {'d' * 64}\r\n    '1.0':\r\n"
    )


def test_a_file_without_a_last_line_end() -> None:
    """The new lines do not run into the last one."""
    text = 'name: thing\nversions:\n  "2.0":\n    sha256: aa'
    assert with_release("recipe.yaml", text, release("1.0")).startswith(f'{text}\n  "1.0":\n')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TEXT, "recipe.yaml:4: versions: has 2.0.0 already"),
        ('name: thing\nversions: {"1.0": {sha256: aa}}\n', "versions do not stand one below the other"),
        ('name: thing\nversions: {\n  "1.0": {sha256: aa}}\n', "versions do not stand one below the other"),
    ],
)
def test_what_cannot_be_added(text: str, said: str) -> None:
    """A version that is there, in whatever spelling, and a file of another form, are refused."""
    with pytest.raises(DocumentError, match=said):
        with_release("recipe.yaml", text, release("2.0.0" if text is TEXT else "2.0"))


def test_the_result_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines that end up in a wrong place, here within another version, are never written."""
    line = TEXT.splitlines().index("    sha256: aa")
    monkeypatch.setattr(insert, "_place", lambda *_: (line, "3.0"))
    wheel = DraftedRelease(version="3.1", wheels=(("thing-3.1-py3-none-any.whl", "d" * 64),))
    with pytest.raises(DocumentError, match=r"3\.1 cannot be added"):
        with_release("recipe.yaml", TEXT, wheel)


VERSIONS = st.builds(lambda *n: ".".join(map(str, n)), *(st.integers(0, 9) for _ in range(3)))
NOTES = st.sampled_from(["", "  # a note\n", "\n", "  # one\n  # two\n", "    # deep\n", "\n# flat\n"])


@settings(deadline=None)
@given(st.lists(st.tuples(VERSIONS, NOTES), min_size=1, max_size=6, unique_by=lambda row: row[0]), VERSIONS)
def test_any_recipe_keeps_its_bytes(rows: list[tuple[str, str]], new: str) -> None:
    """Whatever comments and blank lines there are, only lines are added, and the order holds."""
    rows = sorted(rows, key=lambda row: Version(row[0]), reverse=True)
    body = "".join(f'{note}  "{version}":\n    sha256: aa\n' for version, note in rows)
    text = f"name: thing\nversions:\n{body}build: {{system: python}}\n"
    if new in dict(rows):
        return
    added(text, new)
    data = parse_document("recipe.yaml", with_release("recipe.yaml", text, release(new))).data["versions"]
    assert isinstance(data, dict)
    assert list(data) == sorted([new, *dict(rows)], key=Version, reverse=True)
