"""What a tool made is used again for a few minutes, unless anything that it went by has changed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pybuild.errors import ModuleToolError
from pybuild.model.modules import Capture
from pybuild.modules.recall import AGE, recall
from tests.modules.tools import Bench, step, values


class Counted:
    """A plan of one step, and how often the tool was started for it."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        self.cache = folder / "cache"
        self._log = folder / "started"
        counter = folder / "counter"
        counter.write_text(f"echo started >> {self._log}\n")
        init = (bench.tool.init, str(counter))
        self.plan = bench.plan(step("load", "cray-hdf5"), init=init)

    def ask(self, **keep: str) -> Capture:
        """Return what the tool makes of the plan, or made of it."""
        return recall(self.plan, str(self.cache), keep=keep)

    @property
    def starts(self) -> int:
        """How often the tool's init was read."""
        return len(self._log.read_text().splitlines())

    @property
    def files(self) -> list[Path]:
        """What was kept."""
        return list((self.cache / "modules").glob("*.json"))


@pytest.fixture
def counted(bench: Bench, tmp_path: Path) -> Counted:
    """Return a plan whose tool was asked once."""
    counted = Counted(bench, tmp_path)
    counted.ask()
    assert counted.starts == 1
    return counted


def test_asked_once(counted: Counted) -> None:
    """The second answer is the first, and no tool was started for it; each user's is his own."""
    (file,) = counted.files
    assert file.stat().st_mode & 0o777 == 0o600
    again = counted.ask()
    assert counted.starts == 1
    counted.ask(USER="somebody")
    assert counted.starts == 2
    for file in counted.files:
        file.unlink()
    assert counted.ask() == again
    assert values(again)["HDF5_DIR"] == "/opt/hdf5"


def _modulefile(bench: Bench) -> None:
    bench.write("cray-hdf5/1.10.2.0", "setenv HDF5_DIR /opt/other")


def _newer(bench: Bench) -> None:
    bench.write("cray-hdf5/1.10.5.0", "setenv HDF5_DIR /opt/other")


def _default(bench: Bench) -> None:
    bench.write("cray-hdf5/1.10.1.0", "setenv HDF5_DIR /opt/other")
    (bench.folder / "cray-hdf5/.version").write_text('#%Module1.0\nset ModulesVersion "1.10.1.0"\n')


@pytest.mark.parametrize("change", [_modulefile, _newer, _default])
def test_a_change_is_seen(counted: Counted, bench: Bench, change: Callable[[Bench], None]) -> None:
    """Another modulefile, a newer version, another default: the tool is asked again."""
    change(bench)
    assert values(counted.ask())["HDF5_DIR"] == "/opt/other"
    assert counted.starts == 2


def test_a_module_that_is_gone_is_seen(counted: Counted, bench: Bench) -> None:
    """It ends as it does without anything kept."""
    (bench.folder / "cray-hdf5/1.10.2.0").unlink()
    with pytest.raises(ModuleToolError, match="cray-hdf5"):
        counted.ask()


@pytest.mark.parametrize("spoil", ["old", "torn", "foreign", "future"])
def test_what_cannot_be_used_is_made_anew(counted: Counted, spoil: str) -> None:
    """Too old, half written, of something else, or dated in the future."""
    (file,) = counted.files
    if spoil in ("old", "future"):
        when = time.time() + (-AGE - 1 if spoil == "old" else 3600)
        os.utime(file, (when, when))
    else:
        file.write_text("{" if spoil == "torn" else '{"paths": [], "environment": 3}')
    assert values(counted.ask())["HDF5_DIR"] == "/opt/hdf5"
    assert counted.starts == 2


def test_a_cache_that_cannot_be_written_is_no_failure(counted: Counted) -> None:
    """The tool is asked each time."""
    for file in counted.files:
        file.unlink()
    (counted.cache / "modules").rmdir()
    (counted.cache / "modules").touch()
    assert values(counted.ask())["HDF5_DIR"] == "/opt/hdf5"
    counted.ask()
    assert counted.starts == 3
