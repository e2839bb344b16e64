"""Bases of releases: whole, or not there."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from pybuild.locking.scratch import _clear


def test_half_a_base_is_never_taken_for_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tidying that is killed midway leaves nothing under the base's name; the next run tidies on."""
    base = tmp_path / "0123456789abcdef"
    (base / "conda-meta").mkdir(parents=True)
    (base / "conda-meta/history").touch()
    old = time.time() - 3 * 24 * 3600
    os.utime(base, (old, old))
    (tmp_path / "young").mkdir()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            _clear(tmp_path)
    assert not base.exists()
    _clear(tmp_path)
    assert os.listdir(tmp_path) == ["young"]
