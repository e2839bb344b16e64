"""conda reads what we write into its history and pins, and what others wrote there stays."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

from pybuild.prefix.history import add_history, set_pins
from tests.prefix.prefixes import make_prefix

NOW = datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001  conda writes local time

BLOCK = re.compile(r"^==>\s*(.+?)\s*<==$")
SPECS = re.compile(r"^#\s*(\w+)\s*specs:\s*(.+)?$")
"""As conda parses its history: ``conda/history.py``, ``History.parse`` and ``_parse_comment_line``."""


def history(prefix: Path) -> str:
    return (prefix / "conda-meta" / "history").read_text()


def pinned(prefix: Path) -> list[str]:
    return (prefix / "conda-meta" / "pinned").read_text().splitlines()


def test_a_block_is_written_as_conda_writes_it(tmp_path: Path) -> None:
    """Date, command, removed, added, what was asked for; in conda's own format."""
    prefix = make_prefix(tmp_path / "p")
    add_history(
        prefix,
        command="pybuild install mpi4py",
        added=["file:///c/linux-64::mpi4py-4.1.2-py311_here_h000000000001_0", "file:///c/linux-64::a-1-h_0"],
        removed=["mpi4py-4.0.3-py311_here_h000000000000_0"],
        update=["python 3.11.*", "mpi4py"],
        now=NOW,
    )
    assert history(prefix) == (
        "==> 2026-01-02 03:04:05 <==\n"
        "# cmd: pybuild install mpi4py\n"
        "-mpi4py-4.0.3-py311_here_h000000000000_0\n"
        "+file:///c/linux-64::a-1-h_0\n"
        "+file:///c/linux-64::mpi4py-4.1.2-py311_here_h000000000001_0\n"
        '# update specs: ["mpi4py", "python 3.11.*"]\n'
    )


def test_conda_finds_what_was_asked_for(tmp_path: Path) -> None:
    """Read back with conda's own expressions: one block, one line of specs that is a list."""
    prefix = make_prefix(tmp_path / "p")
    add_history(prefix, command="x", added=[], update=["mpi4py"], remove=["h5py"])
    lines = history(prefix).splitlines()
    block = BLOCK.match(lines[0])
    assert block is not None
    datetime.strptime(block.group(1), "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007
    specs = {m.group(1): json.loads(m.group(2)) for line in lines if (m := SPECS.match(line))}
    assert specs == {"update": ["mpi4py"], "remove": ["h5py"]}


def test_what_conda_wrote_before_stays(tmp_path: Path) -> None:
    """A block is appended, and the whole file is replaced in one step."""
    prefix = make_prefix(tmp_path / "p")
    file = prefix / "conda-meta" / "history"
    file.write_text("==> 2020-01-01 00:00:00 <==\n+old-1-0\n")
    add_history(prefix, command="x", added=["new-1-0"], now=NOW)
    assert history(prefix).startswith("==> 2020-01-01 00:00:00 <==\n+old-1-0\n==> 2026-01-02 03:04:05 <==\n")
    assert sorted(path.name for path in file.parent.iterdir()) == ["history", "python-3.11.7-h0_0.json"]


def test_nothing_asked_for_writes_no_specs(tmp_path: Path) -> None:
    """An empty list would tell conda that somebody asked for nothing."""
    prefix = make_prefix(tmp_path / "p")
    add_history(prefix, command="x", added=["a-1-0"])
    assert "specs" not in history(prefix)


def test_a_pin_names_exactly_one_build(tmp_path: Path) -> None:
    """Name, version and build: nothing newer and no other build may take its place."""
    prefix = make_prefix(tmp_path / "p")
    set_pins(
        prefix,
        pin=[("mpi4py", "4.1.2", "py311_here_h000000000001_0"), ("a", "1", "py311_here_h000000000002_0")],
    )
    assert pinned(prefix) == ["a 1 py311_here_h000000000002_0", "mpi4py 4.1.2 py311_here_h000000000001_0"]


def test_our_pins_are_replaced_and_dropped_and_others_stay(tmp_path: Path) -> None:
    """A user's own pin of the same package by version is a user's wish, not ours to remove."""
    prefix = make_prefix(tmp_path / "p")
    mine = ["# by hand", "", "numpy 1.26.*", "mpi4py >=3", "mpi4py 4.* nompi*", "python 3.11.*"]
    ours = [
        "mpi4py 4.0.3 py311_here_h000000000001_0",
        "h5py 3.11 py311_here_h000000000002_0",
        "x 1 py311_here_h000000000003_0",
    ]
    (prefix / "conda-meta" / "pinned").write_text("\n".join([*mine, *ours]) + "\n")
    set_pins(prefix, pin=[("mpi4py", "4.1.2", "py311_here_h000000000009_0")], drop=["h5py"])
    assert pinned(prefix) == [
        *mine,
        "x 1 py311_here_h000000000003_0",
        "mpi4py 4.1.2 py311_here_h000000000009_0",
    ]


def test_nothing_to_pin_writes_nothing(tmp_path: Path) -> None:
    """No empty file appears, and an equal one is not written again."""
    prefix = make_prefix(tmp_path / "p")
    set_pins(prefix, pin=[], drop=["absent"])
    assert not (prefix / "conda-meta" / "pinned").exists()
    set_pins(prefix, pin=[("a", "1", "b_h000000000001_0")])
    before = (prefix / "conda-meta" / "pinned").stat()
    set_pins(prefix, pin=[("a", "1", "b_h000000000001_0")])
    assert (prefix / "conda-meta" / "pinned").stat().st_ino == before.st_ino


def test_a_file_without_a_last_line_end_is_read_whole(tmp_path: Path) -> None:
    """As editors leave it."""
    prefix = make_prefix(tmp_path / "p")
    (prefix / "conda-meta" / "pinned").write_text("numpy 1.26.*")
    set_pins(prefix, pin=[("a", "1", "b_h000000000001_0")])
    assert pinned(prefix) == ["numpy 1.26.*", "a 1 b_h000000000001_0"]


def test_a_command_that_is_no_line_of_utf8(tmp_path: Path) -> None:
    """Names of folders may be anything; conda must be able to read the history all the same."""
    (tmp_path / "conda-meta").mkdir()
    command = "pybuild install x --channel /data/proj\udce9\n==> 2020-01-01 <=="
    add_history(tmp_path, command=command, added=["a-1-0"], now=NOW)
    lines = (tmp_path / "conda-meta/history").read_bytes().decode("utf-8").splitlines()
    assert lines[1] == "# cmd: pybuild install x --channel /data/proj\\udce9\\n==> 2020-01-01 <=="
    assert sum(line.startswith("==>") for line in lines) == 1
