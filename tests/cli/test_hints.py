"""A command that is hinted at works as it stands, with the places of the command line that failed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pybuild.cli.hints import completed, remember
from pybuild.cli.main import main
from pybuild.cli.parser import parse


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    remember(parse(["recipe", "list"]))


@pytest.mark.parametrize(
    ("words", "hint", "told"),
    [
        (
            ("plan", "x", "--recipes", "my recipes", "--cache=c"), "pybuild recipe show x",
            "pybuild recipe show --recipes 'my recipes' --cache c x",
        ),
        (("plan", "x", "--sites", "s"), "pybuild site show hill", "pybuild site show --sites s hill"),
        (("plan", "x", "--sites", "s"), "pybuild site show hill --sites t", None),
        (("plan", "x", "--sites", "s"), "pybuild site", None),
        (("plan", "x", "--sites", "s"), "name another --prefix", None),
        (("plan", "x", "--recipes", "a", "--recipes", "b"), "pybuild recipe list shows what there is",
         "pybuild recipe list --recipes a --recipes b shows what there is"),
        (("plan", "x", "--recipes", "a"), "pybuild env run -p /p x", None),
        (("plan", "x", "--cache", "c"), "pybuild report --list", "pybuild report --cache c --list"),
        (("plan", "x"), "pybuild recipe show x", None),
    ],
)  # fmt: skip
def test_places_are_put_where_the_command_takes_them(
    words: tuple[str, ...], hint: str, told: str | None
) -> None:
    """Those that it lacks and takes, before whatever follows its words; everything else stays as it is."""
    remember(parse(words))
    assert completed(hint) == (told or hint)


def test_the_hint_of_an_error_has_them(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As printed by a command that fails."""
    (tmp_path / "r").mkdir()
    monkeypatch.chdir(tmp_path)
    environ = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    assert main(["plan", "six==0.0.1", "-p", "p", "--site", "generic", "--recipes", "r"], environ) == 4
    assert "hint: pybuild recipe show --recipes r six" in capsys.readouterr().err
