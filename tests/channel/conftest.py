"""A folder that other users may enter, and what they run there."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.project import ROOT
from tests.users import as_user

USER = 61001


@pytest.fixture
def place() -> Iterator[Path]:
    """Give a folder of its own: those of pytest are closed to others whenever pytest begins."""
    with tempfile.TemporaryDirectory(prefix="pybuild-channel-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def of_user(code: str, *arguments: object, number: int = USER) -> subprocess.CompletedProcess[str]:
    """Run code as another user; the test is skipped where we are not root."""
    argv = [*as_user(number, "077"), sys.executable, "-c", code, *map(str, arguments)]
    env = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(argv, cwd="/", env=env, capture_output=True, text=True, check=False)
