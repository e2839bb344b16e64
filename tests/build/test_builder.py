"""What is left of a build that was stopped by something else than its own failure."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import SimpleNamespace as Some

import pytest

from pybuild.build import builder


@pytest.mark.parametrize("error", [OSError(errno.EDQUOT, "Disk quota exceeded"), KeyboardInterrupt()])
def test_no_stage_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Where the quota is used up a build has gigabytes on the disk, which nobody would look at."""
    stages = []

    def stop(stage: Some, *_: object) -> None:
        stages.append(stage)
        assert os.listdir(stage.root)
        raise error

    monkeypatch.setattr(builder, "_in_stage", stop)
    package, shop = Some(name="toy", version="1.0"), Some(stages=None, cache=tmp_path)
    with pytest.raises(type(error)):
        builder._build(package, Some(), shop, {})  # type: ignore[arg-type]
    assert len(stages) == 1
    assert os.listdir(tmp_path / "stage") == []
