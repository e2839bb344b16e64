"""Files that are in a package's way are found before anything is changed, those that leave do not count."""

from __future__ import annotations

from pathlib import Path

import pytest

from pybuild.errors import ChecksumError
from pybuild.prefix.contents import clashes, package_paths, record_paths, remove_leftovers
from tests.prefix.prefixes import add_record, make_prefix, package

FILES = {"lib/thing.py": "new", "bin/thing": "new"}


def test_the_paths_of_a_package_and_of_a_record(tmp_path: Path) -> None:
    """From the package's own list, and from conda's record once it is installed."""
    file = package(tmp_path, "thing-2.0-h2_0", FILES)
    assert sorted(package_paths(file)) == ["bin/thing", "lib/thing.py"]
    record = add_record(make_prefix(tmp_path / "p"), "thing-1.0-h1_0", ("lib/thing.py",))
    assert record_paths(record) == {"lib/thing.py"}


def test_a_file_of_nobody_is_a_clash(tmp_path: Path) -> None:
    """As pip leaves it; also a link to nothing is something."""
    file = package(tmp_path, "thing-2.0-h2_0", FILES)
    prefix = make_prefix(tmp_path / "p")
    assert clashes(prefix, file, ()) == ()
    (prefix / "bin").mkdir()
    (prefix / "bin" / "thing").symlink_to("nowhere")
    assert clashes(prefix, file, ()) == ("bin/thing",)


def test_a_file_of_a_package_that_leaves_is_none(tmp_path: Path) -> None:
    """But one of a package that stays is."""
    file = package(tmp_path, "thing-2.0-h2_0", FILES)
    prefix = make_prefix(tmp_path / "p")
    for path in FILES:
        (prefix / path).parent.mkdir()
        (prefix / path).write_text("old")
    leaving = add_record(prefix, "thing-1.0-h1_0", ("lib/thing.py",))
    gone = prefix / "conda-meta" / "gone-1-0.json"
    assert clashes(prefix, file, (leaving, gone)) == ("bin/thing",)
    staying = add_record(prefix, "other-1.0-h1_0", ("bin/thing",))
    assert clashes(prefix, file, (leaving, staying)) == ()


def test_leftovers_are_removed_and_nothing_else(tmp_path: Path) -> None:
    """Only what the package would put there; folders stay."""
    file = package(tmp_path, "thing-2.0-h2_0", FILES)
    prefix = make_prefix(tmp_path / "p")
    (prefix / "lib").mkdir()
    (prefix / "lib" / "thing.py").write_text("half")
    (prefix / "lib" / "mine.py").write_text("mine")
    remove_leftovers(prefix, file)
    assert [path.name for path in (prefix / "lib").iterdir()] == ["mine.py"]


def test_what_is_no_package_is_an_error(tmp_path: Path) -> None:
    """Not an empty list, which would find no clash."""
    file = tmp_path / "x-1-0.conda"
    file.write_bytes(b"nothing")
    with pytest.raises(ChecksumError, match=f"{file}: is not a whole conda package"):
        package_paths(file)
