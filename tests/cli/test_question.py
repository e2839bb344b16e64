"""The question before a change: only a yes goes on, and only on a terminal is anybody asked."""

from __future__ import annotations

import io
import os

import pytest

from pybuild.cli.question import demand_yes
from pybuild.errors import Interrupted, UsageError


def answer(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Type ``text`` on a terminal that is asked on."""
    typing, terminal = os.openpty()
    os.write(typing, text.encode())
    with open(terminal) as asked, open(typing):
        monkeypatch.setattr("sys.stdin", asked)
        demand_yes("go ahead?", hint="add -y")


@pytest.mark.parametrize("text", ["y\n", "Yes\n"])
def test_a_yes_goes_on(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both ways to write it; the question stands on standard error."""
    answer(text, monkeypatch)
    assert capsys.readouterr() == ("", "\ngo ahead? [y/N] ")


@pytest.mark.parametrize("text", ["\n", "n\n", "yellow\n"])
def test_everything_else_is_a_no(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also the key that is pressed without reading."""
    with pytest.raises(Interrupted, match="nothing was changed"):
        answer(text, monkeypatch)


def test_without_a_terminal_the_hint_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job or a pipe gets no question that nobody answers."""
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    with pytest.raises(UsageError, match="no terminal") as caught:
        demand_yes("go ahead?", hint="add -y")
    assert caught.value.hint == "add -y"
