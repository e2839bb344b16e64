"""On a terminal: what is drawn over itself is gone in the end, and who wants plain lines gets them."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.end_to_end.project import Project

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


def on_a_terminal(project: Project, *words: str, **environ: str) -> str:
    """Return what a terminal gets from a command that ends well."""
    ours, theirs = os.openpty()
    with subprocess.Popen(
        project.command(*words), cwd=project.root, stdin=theirs, stdout=theirs, stderr=theirs,
        env={**project.environ, "TERM": "xterm", "COLUMNS": "100", "CI": "", **environ},
    ) as child:  # fmt: skip
        os.close(theirs)
        parts = []
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the last one at the other end has gone
                break
            parts.append(part)
        assert child.wait(60) == 0, b"".join(parts).decode()
    os.close(ours)
    return b"".join(parts).decode()


def test_the_cursor_comes_back(project: Project) -> None:
    """After an installation with checks the prompt has a line of its own and a cursor."""
    text = on_a_terminal(project, "install", "toyext", "-y")
    assert HIDE in text, "something was drawn over itself"
    assert text.rindex(SHOW) > text.rindex(HIDE)
    last = text.rstrip().rpartition("\n")[2]
    assert "done:" in last
    assert text.endswith("\n")


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_plain_lines_for_who_wants_them(project: Project, environ: dict[str, str]) -> None:
    """Without a single code for the terminal."""
    text = on_a_terminal(project, "install", "toyext", "-y", **environ)
    assert "done: toyext" in text
    assert "\x1b" not in text
