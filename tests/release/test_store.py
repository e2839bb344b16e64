"""Maintainers of one stack may have different pybuilds, and files may be damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pybuild.errors import PrefixError
from pybuild.release import layout
from pybuild.release.store import begin, begun, read_release
from pybuild.release.switch import history


def test_a_record_of_a_newer_pybuild_is_read(tmp_path: Path) -> None:
    """Its keys that nobody here knows are passed over."""
    layout.state(tmp_path).mkdir()
    made = begin(tmp_path, "abc", "desi")
    path = layout.begun(tmp_path) / f"{made.name}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "colour": "red"}))
    assert begun(tmp_path) == {made.name: made}
    row = {"when": "2026-01-01", "by": "desi", "action": "deploy", "before": "", "after": "x", "later": 1}
    layout.history(tmp_path).write_text(json.dumps({"switches": [row]}))
    assert [one.after for one in history(tmp_path)] == ["x"]


def test_a_damaged_record_is_told_by_file_and_key(tmp_path: Path) -> None:
    """Without what was in service when, a release in use might be taken for an unfinished one."""
    layout.begun(tmp_path).mkdir(parents=True)
    path = layout.begun(tmp_path) / "2026-01-01-1.json"
    path.write_text('{"name": "2026-01-01-1"}')
    with pytest.raises(PrefixError, match=f"^{path}: cannot be read: lock: ") as caught:
        begun(tmp_path)
    assert caught.value.hint == f"correct it, or mv {path} {path}.aside, then run the same command again"
    for text in ("", "[]", "{}", '{"switches": [{"when": "x"}]}'):
        layout.history(tmp_path).write_text(text)
        with pytest.raises(PrefixError, match=f"^{layout.history(tmp_path)}: cannot be read: "):
            history(tmp_path)


def test_a_release_with_damaged_levels_says_nothing(tmp_path: Path) -> None:
    """As one without a record."""
    path = layout.record(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"name": "x", "path": "/x", "lock": "a", "begun": "b", "levels": [1]}))
    assert read_release(tmp_path) is None
