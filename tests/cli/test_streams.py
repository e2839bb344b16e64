"""Standard streams that are closed, or that nobody reads any more, are no error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = f"{sys.executable} -m pybuild"


def shell(line: str) -> tuple[int, str]:
    """Return exit code and both outputs of a line for bash."""
    environ = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], env=environ, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("words", ["--help", "recipe list", "--version"])
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_closed_stream_changes_nothing(words: str, closed: str) -> None:
    """The code is the command's own, and nothing is said of it."""
    code, out = shell(f"{COMMAND} {words} {closed}")
    assert (code, "error:" in out, "Traceback" in out) == (0, False, False), out


def test_without_an_input_nobody_can_be_asked(tmp_path: Path) -> None:
    """It is told as where there is no terminal."""
    where = f"-p /tmp/never/made --site generic --cache {tmp_path}"
    code, out = shell(f"{COMMAND} install six {where} --offline <&-")
    assert "there is no terminal to ask on" in out
    assert code == 2


@pytest.mark.parametrize("words", ["--help", "recipe list", "recipe lint no-such-recipe 2>&1"])
def test_a_reader_that_leaves_ends_nothing(words: str) -> None:
    """The code is the command's own, whenever the reader left."""
    own, _ = shell(f"{COMMAND} {words} > /dev/null")
    assert shell(f"{{ sleep 0.5; {COMMAND} {words}; }} | true") == (own, "")


def test_more_than_a_pipe_holds() -> None:
    """The first write that fails is not the last."""
    script = "from pybuild.cli.text import put\nfor _ in range(9): put('x' * 100_000)\nraise SystemExit(7)"
    assert shell(f'{sys.executable} -c "{script}" | head -c1') == (7, "x")
