"""What people read: aligned, coloured only where they see it, and every error in one form."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pybuild.cli import hints
from pybuild.cli.text import columns, counted, explain, paint, put, say
from pybuild.errors import BuildError, DocumentError, PlanError


@pytest.fixture(autouse=True)
def _no_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hints are completed by what a command line named; tests that ran before had one."""
    monkeypatch.setattr(hints, "_given", [])


class Terminal:
    """A stream that somebody looks at."""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        return len(text)


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ([], []),
        ([()], [""]),
        ([("a", "b"), ("ccc", "d")], ["a    b", "ccc  d"]),
        ([("a", "long last column"), ("b", "x")], ["a  long last column", "b  x"]),
        ([("a",), ("bb", "c", "d"), ("", "", "e")], ["a", "bb  c  d", "       e"]),
        ([("a", ""), ("b", "")], ["a", "b"]),
    ],
)
def test_columns_are_aligned(rows: list[tuple[str, ...]], lines: list[str]) -> None:
    """Rows may be of any length; no line ends in white space."""
    assert columns(rows) == lines


def test_columns_take_an_indent() -> None:
    """As asked."""
    assert columns([("a", "b")], indent="  ") == ["  a  b"]


@given(
    st.lists(
        st.lists(st.text("ab ", min_size=1, max_size=4).map(str.strip), min_size=1, max_size=4), max_size=5
    )
)
def test_columns_keep_every_word_in_place(rows: list[list[str]]) -> None:
    """Each word begins where its column begins, in every row."""
    lines = columns(rows)
    assert len(lines) == len(rows)
    width = max((len(row) for row in rows), default=0)
    widths = [max((len(row[i]) for row in rows if i < len(row)), default=0) for i in range(width)]
    for row, line in zip(rows, lines, strict=True):
        start = 0
        for word, size in zip(row, widths, strict=False):
            assert line[start : start + len(word)] == word
            start += size + 2


@pytest.mark.parametrize(
    ("terminal", "no_color", "coloured"),
    [(True, None, True), (True, "", True), (True, "1", False), (False, None, False)],
)
def test_colour_only_where_it_is_seen_and_wanted(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, no_color: str | None, coloured: bool
) -> None:
    """NO_COLOR counts when it is not empty (no-color.org)."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color is not None:
        monkeypatch.setenv("NO_COLOR", no_color)
    stream = Terminal() if terminal else object()
    assert paint("x", "red", stream=stream) == ("\033[31mx\033[0m" if coloured else "x")
    assert paint("", "red", stream=stream) == ""


def test_an_error_is_a_sentence_and_a_hint() -> None:
    """Nothing else, and no traceback."""
    assert explain(PlanError("no such thing", hint="pybuild search thing")) == (
        "error: no such thing\nhint: pybuild search thing\n"
    )
    assert explain(PlanError("no such thing")) == "error: no such thing\n"


def test_a_documents_problems_each_have_a_line() -> None:
    """All of them at once."""
    text = explain(DocumentError(("a.yaml:1: x", "a.yaml:2: y")))
    assert text.startswith("error: a.yaml:1: x\na.yaml:2: y\nhint: ")
    assert explain(DocumentError(("a.yaml:1: x",), hint="do")) == "error: a.yaml:1: x\nhint: do\n"


def test_a_failed_build_shows_what_tells_and_where_the_rest_is() -> None:
    """The lines of the log, its path, and the script that reopens the build."""
    error = BuildError("thing 1.0: failed", hint="bash /s/reopen.sh", log="/l/thing.log", tail=("a", "b"))
    assert explain(error) == (
        "error: thing 1.0: failed\n  | a\n  | b\nlog: /l/thing.log\nhint: bash /s/reopen.sh\n"
    )
    assert explain(BuildError("failed")) == "error: failed\n"


@pytest.mark.parametrize(
    ("number", "words", "told"),
    [
        (0, ("run",), "0 runs"),
        (1, ("run",), "1 run"),
        (2, ("run",), "2 runs"),
        (3, ("hash", "hashes"), "3 hashes"),
    ],
)
def test_a_number_and_its_noun_agree(number: int, words: tuple[str, ...], told: str) -> None:
    """One of a thing is singular."""
    assert counted(number, *words) == told


def test_the_padding_of_host_prefixes_is_left_out() -> None:
    """It would fill the screen."""
    path = "/stage/host_placeholder" + "_placeholder" * 17 + "_pla/bin/x"
    error = BuildError(f"make {path} failed", tail=(f"cannot find {path}",))
    assert explain(error).count("/stage/host_placeholder…/bin/x") == 2


def test_data_goes_to_one_stream_and_words_to_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    """So that a program can read the first."""
    put("data")
    say("words")
    assert capsys.readouterr() == ("data\n", "words\n")


def test_what_goes_into_a_file_has_no_colour(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``pybuild plan mpi4py > file``: standard error is the terminal, standard output is not."""
    from pybuild.cli.render import plan_text
    from tests.plan.worlds import plan, wheel_recipe, world

    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys, "stderr", Terminal())
    put(plan_text(plan(world(wheel_recipe("pure")), "pure")))
    assert "\033" not in capsys.readouterr().out
