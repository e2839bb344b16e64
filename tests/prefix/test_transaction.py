"""A change of a prefix is complete, or completed by the next run, wherever it was interrupted.

conda's engine runs in a child process; see ``tests.prefix.prefixes.in_child``.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from pybuild.errors import ChecksumError, PrefixError
from pybuild.prefix.journal import Journal, read_journal, write_journal
from pybuild.prefix.notes import read_note
from pybuild.prefix.transaction import change, recover
from tests.prefix.prefixes import PLACEHOLDER, add_record, in_child, make_prefix, note, package, sha256

OLD, NEW = "thing-1.0-py311_here_h000000000001_0", "thing-2.0-py311_here_h000000000002_0"
TEXT = f"#!{PLACEHOLDER}/bin/python\n"


def journal(folder: Path, *, replacing: bool = False) -> Journal:
    """Return the transaction that installs thing 2.0, over thing 1.0 if it replaces."""
    file = package(folder, NEW, {"bin/thing": TEXT, "lib/new.py": "new"})
    return Journal(
        command="pybuild install thing",
        add=((*NEW.rsplit("-", 2), str(file), sha256(file)),),  # type: ignore[arg-type]
        remove=(tuple(OLD.rsplit("-", 2)),) if replacing else (),  # type: ignore[arg-type]
        notes=(note("thing", "2.0", "py311_here_h000000000002_0"),),
        specs=("thing",),
    )


def old_thing(prefix: Path) -> None:
    """Put thing 1.0 there, as conda would have."""
    for path, text in {"bin/thing": "old", "lib/old.py": "old"}.items():
        (prefix / path).parent.mkdir(exist_ok=True)
        (prefix / path).write_text(text)
    add_record(prefix, OLD, ("bin/thing", "lib/old.py"))


def finished(prefix: Path) -> None:
    """Check that thing 2.0 is there whole, and remembered by conda and by us."""
    meta = prefix / "conda-meta"
    assert (prefix / "bin" / "thing").read_text() == f"#!{prefix}/bin/python\n"
    assert (prefix / "lib" / "new.py").read_text() == "new"
    assert json.loads((meta / f"{NEW}.json").read_text())["name"] == "thing"
    assert not (meta / f"{OLD}.json").exists()
    assert not (prefix / "lib" / "old.py").exists()
    assert read_note(prefix, "thing") == note("thing", "2.0", "py311_here_h000000000002_0")
    assert (meta / "pinned").read_text() == "thing 2.0 py311_here_h000000000002_0\n"
    assert f"/linux-64::{NEW}" in (meta / "history").read_text()
    assert '# update specs: ["thing"]' in (meta / "history").read_text()
    assert read_journal(prefix) is None


CHANGE = """\
from pybuild.prefix.journal import read_journal, drop_journal
from pybuild.prefix.transaction import change
prefix = Path(sys.argv[1])
journal = read_journal(prefix)
drop_journal(prefix)
change(prefix, journal, cache=Path(sys.argv[2]))
"""
RECOVER = """\
from pybuild.prefix.transaction import recover
print(recover(Path(sys.argv[1]), cache=Path(sys.argv[2])))
"""
KILLED = (
    """\
import pybuild.prefix.transaction as transaction
def killed(*_, **__):
    os._exit(9)
if sys.argv[3] == "link":
    transaction.link = killed
else:
    setattr(transaction, sys.argv[3], killed)
"""
    + CHANGE
)


@pytest.mark.parametrize("replacing", [False, True])
def test_a_change_installs_replaces_and_remembers(tmp_path: Path, replacing: bool) -> None:
    """The text of the placeholder becomes the prefix; what is replaced is gone."""
    prefix = make_prefix(tmp_path / "p")
    if replacing:
        old_thing(prefix)
    write_journal(prefix, journal(tmp_path, replacing=replacing))
    done = in_child(CHANGE, prefix, tmp_path / "cache")
    assert done.returncode == 0, done.stderr
    finished(prefix)


@pytest.mark.parametrize(
    "where", ["link", "_settle", "write_note", "set_pins", "add_history", "drop_journal"]
)
@pytest.mark.parametrize("replacing", [False, True])
def test_a_run_that_is_killed_anywhere_is_finished_by_the_next(
    tmp_path: Path, where: str, replacing: bool
) -> None:
    """From the journal alone, by whoever takes the lock."""
    prefix = make_prefix(tmp_path / "p")
    if replacing:
        old_thing(prefix)
    write_journal(prefix, journal(tmp_path, replacing=replacing))
    assert in_child(KILLED, prefix, tmp_path / "cache", where).returncode == 9
    assert read_journal(prefix) is not None
    linked = (prefix / "lib" / "new.py").stat().st_ctime_ns if where != "link" else 0
    done = in_child(RECOVER, prefix, tmp_path / "cache")
    assert not linked or linked == (prefix / "lib" / "new.py").stat().st_ctime_ns, "linked a second time"
    assert (done.returncode, done.stdout) == (0, "pybuild install thing\n"), done.stderr
    finished(prefix)


ENGINE_KILLED = (
    """\
import pybuild.prefix.transaction as transaction
def unlinked(files, prefix, **_):
    (prefix / "bin/thing").unlink()
    (prefix / "lib/thing-1.0.dist-info/cache/old.py").unlink()
    (prefix / "conda-meta/OLD.json").unlink()
    os._exit(9)
transaction.link = unlinked
""".replace("OLD", OLD)
    + CHANGE
)


def test_empty_folders_of_what_was_replaced(tmp_path: Path) -> None:
    """The engine takes them away last: killed before, it leaves no record that would tell where they are."""
    prefix = make_prefix(tmp_path / "p")
    inner = prefix / "lib/thing-1.0.dist-info/cache"
    inner.mkdir(parents=True)
    (prefix / "lib/kept").mkdir()
    (prefix / "bin").mkdir(exist_ok=True)
    for path in (prefix / "bin/thing", inner / "old.py"):
        path.write_text("old")
    add_record(prefix, OLD, ("bin/thing", "lib/thing-1.0.dist-info/cache/old.py"))
    write_journal(prefix, journal(tmp_path, replacing=True))
    assert in_child(ENGINE_KILLED, prefix, tmp_path / "cache").returncode == 9
    assert inner.is_dir()
    assert in_child(RECOVER, prefix, tmp_path / "cache").returncode == 0
    finished(prefix)
    assert not inner.parent.exists()
    assert (prefix / "lib/kept").is_dir()


def test_files_of_a_half_linked_package_are_no_obstacle(tmp_path: Path) -> None:
    """What the killed run had already put there is removed, then put there again."""
    prefix = make_prefix(tmp_path / "p")
    write_journal(prefix, journal(tmp_path))
    (prefix / "lib").mkdir()
    (prefix / "lib" / "new.py").write_text("ha")
    done = in_child(RECOVER, prefix, tmp_path / "cache")
    assert done.returncode == 0, done.stderr
    finished(prefix)


def test_a_prefix_without_a_journal_needs_nothing(tmp_path: Path) -> None:
    """And a prefix that does not exist neither."""
    assert recover(make_prefix(tmp_path / "p"), cache=tmp_path) is None
    assert recover(tmp_path / "absent", cache=tmp_path) is None


def test_a_package_that_is_gone_is_named(tmp_path: Path) -> None:
    """The journal stays, so that nothing is forgotten."""
    prefix = make_prefix(tmp_path / "p")
    made = journal(tmp_path)
    write_journal(prefix, made)
    os.unlink(made.add[0][3])
    with pytest.raises(PrefixError, match=rf"cannot be finished, {made.add[0][3]} is gone"):
        recover(prefix, cache=tmp_path)
    assert read_journal(prefix) == made


@pytest.mark.parametrize("length", [0, 500])
def test_a_package_that_is_not_whole_is_named(tmp_path: Path, length: int) -> None:
    """Before anything is changed; where it is found out while a killed run is finished, the journal stays."""
    prefix = make_prefix(tmp_path / "p")
    made = journal(tmp_path)
    file = Path(made.add[0][3])
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(ChecksumError, match=f"{file}: is not a whole conda package"):
        change(prefix, made, cache=tmp_path)
    assert read_journal(prefix) is None
    write_journal(prefix, made)
    with pytest.raises(PrefixError, match=f"cannot be finished, {file} is no whole package") as caught:
        recover(prefix, cache=tmp_path)
    assert "journal" in str(caught.value.hint)
    assert read_journal(prefix) == made


def test_a_file_in_the_way_stops_before_anything_is_changed(tmp_path: Path) -> None:
    """No journal, no file, no record; the file is named."""
    prefix = make_prefix(tmp_path / "p")
    (prefix / "lib").mkdir()
    (prefix / "lib" / "new.py").write_text("mine")
    before = sorted(str(path) for path in prefix.rglob("*"))
    with pytest.raises(PrefixError, match=rf"{prefix}/lib/new.py: is in the way of thing"):
        change(prefix, journal(tmp_path), cache=tmp_path)
    assert sorted(str(path) for path in prefix.rglob("*")) == before
    assert (prefix / "lib" / "new.py").read_text() == "mine"


CREATE = """\
from pybuild.prefix.journal import read_journal
from pybuild.prefix.transaction import create
create(Path(sys.argv[1]), read_journal(Path(sys.argv[3])), cache=Path(sys.argv[2]))
"""


def test_a_new_prefix_is_there_whole_under_its_final_name(tmp_path: Path) -> None:
    """Put together beside it; no file knows the name that it had before."""
    prefix = tmp_path / "p"
    (tmp_path / ".p.pybuild-new" / "left").mkdir(parents=True)
    carrier = make_prefix(tmp_path / "carrier")
    write_journal(carrier, journal(tmp_path))
    done = in_child(CREATE, prefix, tmp_path / "cache", carrier)
    assert done.returncode == 0, done.stderr
    finished(prefix)
    assert not (tmp_path / ".p.pybuild-new").exists()
    names = [path for path in prefix.rglob("*") if path.is_file() and b"pybuild-new" in path.read_bytes()]
    assert names == []


def test_a_new_prefix_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """A package with other bytes than planned: neither the prefix nor its beginnings stay."""
    made = journal(tmp_path)
    ((name, version, build, file, _sha256),) = made.add
    carrier = make_prefix(tmp_path / "carrier")
    write_journal(carrier, replace(made, add=((name, version, build, file, "0" * 64),)))
    done = in_child(CREATE, tmp_path / "p", tmp_path / "cache", carrier)
    assert done.returncode == 1
    assert "ChecksumError" in done.stderr
    assert not list(tmp_path.glob("*p.pybuild-new"))
    assert not (tmp_path / "p").exists()
