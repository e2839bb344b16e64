"""A mirror that several people fill: nothing of one is lost by another, and nobody's umask closes it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pybuild.errors import FetchError
from pybuild.fetch.mirror import open_mirror
from pybuild.fetch.mirror_folder import MirrorFolder
from pybuild.fetch.source import cached_path
from pybuild.load.places import Places
from pybuild.locks import held
from pybuild.mirroring import fill_mirror
from pybuild.model.plan import Download
from pybuild.report import Report
from pybuild.settings import Settings
from tests.end_to_end.project import ROOT
from tests.users import as_user

GROUP, FIRST, SECOND = 62000, 61001, 61002

NO_PACKAGES: Any = SimpleNamespace(packages=(), specs=())

FILL = """
import hashlib, sys
from pathlib import Path
from pybuild.fetch.mirror_folder import MirrorFolder
mirror, source = MirrorFolder(Path(sys.argv[1])), Path(sys.argv[2])
sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
if not mirror.has(source.name, sha256, "conda/c/linux-64"):
    mirror.add(source, source.name, sha256, "conda/c/linux-64")
mirror.channel_for("https://conda.example/c")
mirror.make_channels()
mirror.write_index()
"""


class Waiting(Report):
    """Tells when a run waits for another."""

    def __init__(self) -> None:
        self.said = threading.Event()

    def note(self, text: str) -> None:
        self.said.set()


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_two_who_fill_one_mirror(tmp_path: Path) -> None:
    """Both begin while a third one fills it, with files of one name: both are in the index."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    runs = []
    with held(folder / ".lock"):
        for text in ("one", "two"):
            wanted = Download(file="v1.0.tar.gz", sha256=digest(text))
            path = cached_path(wanted, tmp_path / "cache")
            path.parent.mkdir(parents=True)
            path.write_text(text)
            places = Places(
                recipes=(), sites=(), channel="/nowhere", cache=str(tmp_path / "cache"), offline=True
            )
            report = Waiting()
            settings = Settings(places=places, environ={}, command="", report=report)
            runs.append(
                threading.Thread(
                    target=fill_mirror, args=([NO_PACKAGES], folder, settings), kwargs={"more": [wanted]}
                )
            )
            runs[-1].start()
            assert report.said.wait(30)
    for run in runs:
        run.join()
    mirror = open_mirror(str(folder))
    assert mirror is not None
    for text in ("one", "two"):
        found = mirror.path(digest(text))
        assert found is not None
        assert found.read_text() == text


def test_a_mirror_of_a_group(tmp_path: Path) -> None:
    """Two of its members, each with a strict umask: both add to it and read all of it."""
    with tempfile.TemporaryDirectory(prefix="pybuild-mirror-") as top:
        Path(top).chmod(0o755)
        folder = Path(top, "mirror")
        folder.mkdir()
        os.chown(folder, FIRST, GROUP)
        folder.chmod(0o2775)
        for number in (FIRST, SECOND):
            source = Path(top, f"{number}.conda")
            source.write_text(str(number))
            argv = [*as_user(number, "077", GROUP), sys.executable, "-c", FILL, folder, source]
            subprocess.run(argv, check=True, cwd="/", env={"PYTHONPATH": str(ROOT)})
        mirror = open_mirror(str(folder))
        assert mirror is not None
        assert {digest(str(FIRST)), digest(str(SECOND))} == set(mirror.files)
        wrong = [
            str(path) for path in folder.rglob("*")
            if path.stat().st_gid != GROUP or path.stat().st_mode & 0o060 != 0o060
        ]  # fmt: skip
        assert wrong == []


def test_an_index_that_cannot_be_read_is_not_replaced(tmp_path: Path) -> None:
    """It is not the same as none, or a damaged one: what it names would be lost."""
    MirrorFolder(tmp_path).write_index()
    (tmp_path / "mirror.json").write_text("{")
    MirrorFolder(tmp_path).write_index()
    (tmp_path / "mirror.json").unlink()
    (tmp_path / "mirror.json").mkdir()
    with pytest.raises(FetchError, match=r"mirror.json: cannot be read"):
        MirrorFolder(tmp_path)
