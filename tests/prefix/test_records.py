"""An unreadable record of conda's, be it of a foreign package, stops a change before it begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from pybuild.errors import PrefixError
from pybuild.prefix.contents import record_paths
from tests.prefix.prefixes import in_child, make_prefix, noted

CHANGE = """\
from pybuild.errors import PrefixError
from pybuild.prefix.journal import Journal
from pybuild.prefix.transaction import change
row = ("thing", "1.0", "py311_here_habc_0")
journal = Journal(command="x", remove=(row,), dropped=("thing",))
try:
    change(Path(sys.argv[1]), journal, cache=Path(sys.argv[2]))
except PrefixError as error:
    print(error.message)
    print(error.hint)
"""


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff"])
def test_an_unreadable_record_is_named_and_nothing_is_begun(tmp_path: Path, content: bytes) -> None:
    """Neither a journal nor any other file is there afterwards that was not before."""
    prefix = make_prefix(tmp_path / "p")
    noted(prefix)
    foreign = prefix / "conda-meta" / "zlib-1.3-h5_0.json"
    foreign.write_bytes(content)
    before = sorted(prefix.rglob("*"))
    done = in_child(CHANGE, prefix, tmp_path / "cache")
    message, hint = done.stdout.splitlines()
    assert message.startswith(f"{foreign}: cannot be read as conda's record of a package: ")
    assert hint.startswith(f"rm {foreign}, then conda install --force-reinstall -p {prefix} zlib ")
    assert sorted(prefix.rglob("*")) == before
    foreign.unlink()  # as the hint says
    done = in_child(CHANGE, prefix, tmp_path / "cache")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert not (prefix / "conda-meta" / "thing-1.0-py311_here_habc_0.json").exists()


@pytest.mark.parametrize("text", ["", "[]", '{"files": 1}'])
def test_files_of_an_unreadable_record_are_an_error_that_names_it(tmp_path: Path, text: str) -> None:
    """Whoever asks which files a package has gets no traceback."""
    record = make_prefix(tmp_path / "p", "zlib-1.3-h5_0") / "conda-meta" / "zlib-1.3-h5_0.json"
    record.write_text(text)
    with pytest.raises(PrefixError, match=f"^{record}: cannot be read"):
        record_paths(record)
