"""What others may use is theirs from its first moment, whatever the umask of whoever made it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pybuild.channel.modes import make_folder
from pybuild.files import add_file, add_folder, replace_file
from pybuild.locks import held

WATCH = """\
import os, sys
print("watching", flush=True)
end, seen, modes = os.path.join(sys.argv[1], "end"), os.path.join(sys.argv[1], "seen"), set()
while not os.path.exists(end):
    with os.scandir(sys.argv[1]) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and entry.name.endswith(("folder", ".flock")):
                try:
                    modes.add(os.stat(entry.path).st_mode & 0o2777)
                except FileNotFoundError:
                    continue
                if not os.path.exists(seen):
                    os.mkdir(seen)
print(*map(oct, modes))
"""
ROUNDS = 400
"""At least so many, and until the watcher has seen one: with a single core it may sleep through some."""


def lock(top: Path) -> None:
    """Take a lock for the first time."""
    with held(top / "lock"):
        pass
    (top / "lock.flock").unlink()


def folder(top: Path) -> None:
    """Make a folder of a channel for the first time."""
    make_folder(top / "folder")
    (top / "folder").rmdir()


@pytest.mark.parametrize(("make", "mode"), [(lock, 0o664), (folder, 0o2775)])
def test_nobody_sees_it_with_another_mode(tmp_path: Path, make: Callable[[Path], None], mode: int) -> None:
    """A colleague who comes at the same time would fail on a lock or a folder that is closed for a moment."""
    tmp_path.chmod(0o2775)
    watcher = subprocess.Popen(
        [sys.executable, "-c", WATCH, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert watcher.stdout is not None
    watcher.stdout.readline()
    before = os.umask(0o077)
    try:
        rounds = 0
        while rounds < ROUNDS or not (tmp_path / "seen").exists():
            make(tmp_path)
            rounds += 1
    finally:
        os.umask(before)
        (tmp_path / "end").touch()
    assert watcher.communicate(timeout=120)[0].split() == [oct(mode)]


def test_what_is_there_stays(tmp_path: Path) -> None:
    """With its content and its mode, and nothing is left beside it."""
    file, place = tmp_path / "file", tmp_path / "place"
    file.write_text("old")
    place.mkdir()
    (place / "inside").touch()
    before = [stat.S_IMODE(path.stat().st_mode) for path in (file, place)]
    add_file(file, 0o600)
    add_folder(place, 0o700)
    assert file.read_text() == "old"
    assert (place / "inside").exists()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (file, place)] == before
    assert sorted(os.listdir(tmp_path)) == ["file", "place"]


def test_a_file_in_the_way_of_a_folder_is_an_error(tmp_path: Path) -> None:
    """And it is as it was, with nothing beside it."""
    (tmp_path / "taken").write_text("old")
    with pytest.raises(NotADirectoryError):
        add_folder(tmp_path / "taken", 0o755)
    assert os.listdir(tmp_path) == ["taken"]
    assert (tmp_path / "taken").read_text() == "old"


@pytest.mark.parametrize("there", ["missing", "read-only", "folder"])
def test_what_cannot_be_written_is_named(tmp_path: Path, there: str) -> None:
    """By the name that the user knows, not by that of the file beside it, which stays nowhere."""
    path = tmp_path / "absent/x.json"
    if there == "read-only":
        path = Path("/proc/x.json")  # nobody, not even root, makes a file there
    elif there == "folder":
        path.mkdir(parents=True)
    with pytest.raises(OSError, match=r"x\.json") as caught:
        replace_file(path, "{}")
    assert (caught.value.filename, caught.value.filename2) == (str(path), None)
    assert [one.name for one in tmp_path.rglob(".*")] == []
