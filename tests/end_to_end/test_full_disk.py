"""A full disk: a sentence that says where, nothing half done, and the same command goes on afterwards."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.end_to_end.project import Project

Small = Callable[[Path, str], None]


@pytest.fixture
def small() -> Iterator[Small]:
    """A function that puts a file system of a given size on a folder, or changes its size."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    mounted: list[Path] = []

    def mount(folder: Path, size: str) -> None:
        folder.mkdir(exist_ok=True)
        again = "remount," if folder in mounted else ""
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"{again}size={size}", "tmpfs", folder], check=True)
        mounted.append(folder)

    yield mount
    for folder in {*mounted}:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize(("place", "code"), [("cache", 10), ("channel", 12), ("where", 10)])
def test_no_room(bare: Project, small: Small, place: str, code: int) -> None:
    """Whatever fills up, the run says where, leaves no prefix, and goes on once there is room."""
    folder = bare.root / place
    small(folder, "3m")
    prefix = folder / "prefix" if place == "where" else bare.prefix

    outcome = bare.install("toyext==1.0", "-p", prefix)

    assert outcome.code == code, outcome.err
    error = next(line for line in outcome.err.splitlines() if line.startswith("error: "))
    assert str(folder) in error
    assert "no space" in error.lower()
    assert "hint: " in outcome.err
    assert not prefix.exists()
    small(folder, "500m")
    bare.install("toyext==1.0", "-p", prefix).done()
    assert bare.imports("toyext", prefix) == "1.0"
