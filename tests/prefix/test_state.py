"""A prefix is read as it is, and what cannot be one is refused before anything is planned."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pybuild.errors import PrefixError
from pybuild.model.machine import Installed
from pybuild.prefix.notes import write_note
from pybuild.prefix.state import read_state
from tests.prefix.prefixes import add_record, make_prefix, note, noted


def test_names_versions_and_builds_come_from_the_records(tmp_path: Path) -> None:
    """Also those whose names hold hyphens; no record is opened."""
    prefix = make_prefix(tmp_path / "p", "mpich-mpicc-4.2-h1_0", "numpy-2.0-py311h_0")
    (prefix / "conda-meta" / "state").write_text("{}")
    (prefix / "conda-meta" / "numpy-2.0-py311h_0.json").write_text("not read")
    state = read_state(str(prefix))
    assert (state.exists, state.python) == (True, "3.11.7")
    assert [(p.name, p.version, p.build, p.key) for p in state.packages] == [
        ("mpich-mpicc", "4.2", "h1_0", None),
        ("numpy", "2.0", "py311h_0", None),
        ("python", "3.11.7", "h0_0", None),
    ]


def test_our_packages_carry_what_was_noted(tmp_path: Path) -> None:
    """Key, level, options, providers and who asked; but only while conda has exactly that package."""
    prefix = make_prefix(tmp_path / "p")
    noted(prefix, options=["exe"], identity=[["mpi", "mpich 4"]], level="ranked")
    (thing,) = [p for p in read_state(str(prefix)).packages if p.name == "thing"]
    assert thing == Installed(
        name="thing", version="1.0", build="py311_here_habc_0", key="abc", level="ranked", options=("exe",),
        identity=(("mpi", "mpich 4"),), requested=True,
    )  # fmt: skip
    write_note(prefix, note(build="py311_here_hgone_0"))
    assert [p.key for p in read_state(str(prefix)).packages if p.name == "thing"] == [None]


@pytest.mark.parametrize("make", [lambda p: None, lambda p: p.mkdir()])
def test_nothing_or_an_empty_folder_is_a_prefix_to_be_made(tmp_path: Path, make) -> None:  # type: ignore[no-untyped-def]
    """Also the root of a fresh file system."""
    make(tmp_path / "p")
    state = read_state(str(tmp_path / "p"))
    assert (state.exists, state.python, state.packages) == (False, None, ())


def test_it_may_be_made_below_folders_that_do_not_exist_yet(tmp_path: Path) -> None:
    """As ``mkdir -p`` would."""
    assert not read_state(str(tmp_path / "a/b/c")).exists


def refused(prefix: Path, reason: str) -> PrefixError:
    with pytest.raises(PrefixError, match=reason) as caught:
        read_state(str(prefix))
    assert caught.value.message.strip("'").startswith(str(prefix.parent))
    assert caught.value.hint
    return caught.value


def test_a_file_is_refused(tmp_path: Path) -> None:
    """At the place or above it."""
    (tmp_path / "p").write_text("")
    refused(tmp_path / "p", "is a file")
    with pytest.raises(PrefixError, match=f"{tmp_path}/p: is a file, a prefix cannot lie below it"):
        read_state(str(tmp_path / "p" / "env"))


def test_a_folder_with_something_else_in_it_is_refused(tmp_path: Path) -> None:
    """Nobody's home becomes a prefix by a typing mistake; a venv is none either."""
    (tmp_path / "p" / "conda-meta").mkdir(parents=True)
    refused(tmp_path / "p", "neither an empty folder nor a conda prefix")


def test_a_prefix_without_a_python_is_refused(tmp_path: Path) -> None:
    """With the command that adds one."""
    error = refused(make_prefix(tmp_path / "p", python=None), "has no python")
    assert error.hint == f"conda install -p {tmp_path}/p python, or name a new prefix"


def test_a_dangling_link_is_refused_as_what_it_is(tmp_path: Path) -> None:
    """Making the folder behind it would be a guess."""
    (tmp_path / "p").symlink_to(tmp_path / "gone")
    refused(tmp_path / "p", "is a link to nothing")


def test_a_link_to_a_prefix_is_that_prefix_under_its_own_name(tmp_path: Path) -> None:
    """The path stays as the user wrote it: it is what stands in scripts."""
    make_prefix(tmp_path / "real")
    (tmp_path / "p").symlink_to(tmp_path / "real")
    state = read_state(str(tmp_path / "p"))
    assert (state.exists, state.path) == (True, str(tmp_path / "p"))


READ = """\
import os, sys
from pybuild.errors import PrefixError
from pybuild.prefix.state import read_state
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    read_state(sys.argv[1])
except PrefixError as error:
    print(error.message)
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can look into: pytest closes its own again whenever another run begins."""
    with tempfile.TemporaryDirectory(prefix="pybuild-state-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize("exists", [True, False])
def test_what_cannot_be_written_is_refused(open_folder: Path, exists: bool) -> None:
    """Asked as another user where we are root: a prefix of somebody else, and a place to make one."""
    prefix = open_folder / "p"
    if exists:
        make_prefix(prefix)
        (prefix / "conda-meta").chmod(0o555)
    open_folder.chmod(0o555)
    try:
        done = subprocess.run(
            [sys.executable, "-c", READ, str(prefix)], capture_output=True, text=True, check=True, cwd="/",
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )  # fmt: skip
    finally:
        open_folder.chmod(0o755)
    expected = "is read-only for you" if exists else f"you have no write permission on {open_folder}"
    assert expected in done.stdout


def test_a_record_that_is_no_record_is_passed_over(tmp_path: Path) -> None:
    """A stray file in conda-meta is no package."""
    prefix = make_prefix(tmp_path / "p")
    (prefix / "conda-meta" / "stray.json").write_text("{}")
    add_record(prefix, "a-1-0")
    assert [p.name for p in read_state(str(prefix)).packages] == ["a", "python"]
