"""A symbolic mode gives what chmod gives."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from pybuild.release.modes import mode_of


@pytest.mark.parametrize(
    "text", ["u=rwX,g=rX,o=rX", "u=rwX,g=rX,o=", "u=rwX,g=rwX,o=", "ug=rwX,o=r", "u=rwX", "u=rwX,go=rX"]
)
@pytest.mark.parametrize("start", [0o600, 0o755, 0o644, 0o700])
def test_as_chmod_does(text: str, start: int, tmp_path: Path) -> None:
    """For a folder, a program and a plain file; what a policy leaves out is nothing, whatever there was."""
    folder, file = tmp_path / "folder", tmp_path / "file"
    folder.mkdir()
    file.touch()
    for path in (folder, file):
        path.chmod(start)
    whole = text + "".join(f",{name}=" for name in "ugo" if name not in text)
    subprocess.run(["chmod", whole, folder, file], check=True)
    assert mode_of(text, folder=True, executable=True) == stat.S_IMODE(folder.stat().st_mode)
    found = mode_of(text, folder=False, executable=bool(start & 0o111))
    assert found == stat.S_IMODE(file.stat().st_mode)
