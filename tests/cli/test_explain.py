"""``pybuild explain``: what it takes for a package, and what it prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pybuild.cli.main import main

PLACE = ("--site", "generic", "--offline")


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A home, and a working directory in which no prefix could be made."""
    folder = tmp_path / "white space"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    return {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}


@pytest.mark.parametrize("spelled", ["six", "SIX"])
def test_the_name_of_a_recipe_is_a_package(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], spelled: str
) -> None:
    """However it is spelled, and wherever it is typed; as data there are the notes as well."""
    assert main(["explain", spelled, "--json", *PLACE], environ) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["packages"].keys(), data["site"]) == ({"six"}, "generic")
    assert {"kind", "what", "by"} <= data["packages"]["six"][0].keys()
    assert any("of the new prefix comes from" in note for note in data["notes"])


def test_packages_are_set_apart(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """By an empty line before each but the first."""
    assert main(["explain", "six", "pip", *PLACE], environ) == 0
    lines = capsys.readouterr().out.splitlines()
    heads = [number for number, line in enumerate(lines) if " at generic" in line]
    assert heads[0] == 0
    assert lines[heads[1] - 1] == ""


def test_other_words_in_capitals_are_variables(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the package that is named, only what touches them."""
    assert main(["explain", "six", "NO_SUCH_VARIABLE", *PLACE], environ) == 0
    assert "nothing" in capsys.readouterr().out.splitlines()[1]
