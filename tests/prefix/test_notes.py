"""Notes are whole or absent, and a note that conda does not confirm does not count."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pybuild.errors import PrefixError
from pybuild.files import replace_file
from pybuild.prefix import places
from pybuild.prefix.notes import is_installed, read_note, read_notes, write_note
from tests.prefix.prefixes import add_record, make_prefix, note, noted


def test_a_note_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """And all of them by name."""
    prefix = make_prefix(tmp_path / "p")
    for name in ("zlib", "mpi4py"):
        write_note(prefix, note(name))
    assert read_note(prefix, "mpi4py") == note("mpi4py")
    assert [n["name"] for n in read_notes(prefix)] == ["mpi4py", "zlib"]
    assert read_note(str(prefix), "mpi4py") == note("mpi4py")


@pytest.mark.parametrize("text", ["", "{", "[1]", '"x"', "\xff"])
def test_a_damaged_note_is_no_note(tmp_path: Path, text: str) -> None:
    """One damaged file does not hide the others."""
    prefix = make_prefix(tmp_path / "p")
    write_note(prefix, note("good"))
    places.note(prefix, "bad").write_bytes(text.encode("latin-1"))
    assert read_note(prefix, "bad") is None
    assert [n["name"] for n in read_notes(prefix)] == ["good"]


def test_no_prefix_has_no_notes(tmp_path: Path) -> None:
    """Neither a missing folder nor a file in its place is an error."""
    assert read_notes(tmp_path / "absent") == []
    (tmp_path / "file").write_text("")
    assert read_notes(tmp_path / "file") == []
    assert read_note(tmp_path / "absent", "x") is None


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """Whole, and nothing beside it: a full disk loses nothing that was there."""
    file = tmp_path / "x.json"
    replace_file(file, "old", safe=True)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, failing, full)
    with pytest.raises(OSError, match="No space left"):
        replace_file(file, "new" * 100, safe=True)
    assert file.read_text() == "old"
    assert os.listdir(tmp_path) == ["x.json"]


def test_the_bytes_are_on_disk_before_the_name_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a crash of the machine could leave an empty file under the final name."""
    order: list[str] = []
    fsync, rename = os.fsync, os.replace

    def flushed(handle: int) -> None:
        order.append("fsync")
        fsync(handle)

    def renamed(source: Path, target: Path) -> None:
        order.append("replace")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(os, "replace", renamed)
    replace_file(tmp_path / "x", "text", safe=True)
    assert order == ["fsync", "replace"]
    assert (tmp_path / "x").read_text() == "text"


def test_installed_is_what_conda_says(tmp_path: Path) -> None:
    """Exactly this version and build: a package that conda replaced is not ours any more."""
    prefix = make_prefix(tmp_path / "p")
    assert not is_installed(prefix, note())
    add_record(prefix, "thing-1.0-py311_here_hother_0")
    assert not is_installed(prefix, note())
    add_record(prefix, "thing-1.0-py311_here_habc_0")
    assert is_installed(prefix, note())


@pytest.mark.parametrize(
    ("pairs", "whole"),
    [
        ([], True),
        ([["compiler", ""], ["mpi", "mpich 4.3"]], True),  # a channel serves machines that have no compiler
        ([["mpi"]], False),
        ([["mpi", 4]], False),
        (["mpi"], False),
    ],
)
def test_what_a_package_binds_is_a_list_of_pairs(tmp_path: Path, pairs: list[object], whole: bool) -> None:
    """A note that holds something else is named by its key, before anybody goes by it."""
    noted(make_prefix(tmp_path / "p"), identity=pairs)
    if whole:
        assert [found["identity"] for found in read_notes(tmp_path / "p")] == [pairs]
    else:
        with pytest.raises(PrefixError, match=r"thing\.json: identity: found .*, expected a list of pairs"):
            read_notes(tmp_path / "p")
