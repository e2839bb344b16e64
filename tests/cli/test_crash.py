"""An error that nobody foresaw is told in two lines, whatever the folders for temporary files are like."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest

from pybuild.cli.crash import report_crash


def crash(environ: dict[str, str]) -> int:
    nothing: dict[str, str] = {}
    try:
        nothing["x"]
    except KeyError as error:
        return report_crash(error, ["plan", "caf\udce9"], environ)
    raise AssertionError


@pytest.mark.parametrize("tmpdir", ["", "/nonexist/folder", "/proc", "/dev/null"])
def test_the_report_finds_a_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path, tmpdir: str) -> None:
    """TMPDIR where it takes a file, else /tmp: the traceback and the command line are in it."""
    assert crash({"TMPDIR": tmpdir or str(tmp_path)}) == 1
    err = capsys.readouterr().err
    assert err.startswith("error: this should not happen: KeyError: 'x'\n")
    (path,) = re.findall(r"with the file (\S+)", err)
    text = Path(path).read_text()
    Path(path).unlink()
    assert Path(path).parent == (Path("/tmp") if tmpdir else tmp_path)
    assert 'nothing["x"]' in text
    assert "arguments ['plan', 'caf" in text


def test_without_a_folder_the_place_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be written anywhere: the last frame is better than a second traceback."""

    def refuse(**_: object) -> tuple[int, str]:
        raise PermissionError(13, "no")

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    assert crash({}) == 1
    err = capsys.readouterr().err
    assert re.search(rf"hint: please report it, at {re.escape(__file__)}:\d+ in crash; no folder", err)
