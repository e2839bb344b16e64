"""A run's records may be damaged: what says less than it must counts as not said."""

from __future__ import annotations

from pathlib import Path

import pytest

from pybuild.errors import UsageError
from pybuild.model.run import Progress
from pybuild.run.events import Follower
from pybuild.run.folder import RunFolder


def test_events_that_say_too_little_are_passed_over(tmp_path: Path) -> None:
    """The one after them is read."""
    path = tmp_path / "x.events"
    lines = ('{"event": "began"}', '{"event": []}', "5", '{"event": "phase", "at": "x"}')
    path.write_text("\n".join((*lines, '{"event": "log", "path": "/log"}')) + "\n")
    progress = Progress(name="x", version="1", key="k", needs=())
    assert Follower(path, progress).look().log == "/log"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"builds": 5}'])
def test_a_record_that_is_none_is_told(tmp_path: Path, text: str) -> None:
    """With the folder, and the command that lists the others."""
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(UsageError, match="holds no record of a run"):
        RunFolder(tmp_path).read()
