"""What pybuild wrote into a prefix may be damaged (told by file and key) or of a newer pybuild (taken)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pybuild.errors import PrefixError
from pybuild.prefix.installed import planned
from pybuild.prefix.journal import Journal, read_journal, write_journal
from pybuild.prefix.notes import read_note, read_notes
from pybuild.prefix.transaction import change
from tests.prefix.prefixes import make_prefix, note, noted


def rewrite(path: Path, changes: dict[str, Any]) -> None:
    """Change keys of a JSON file; None takes a key away."""
    data = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({key: value for key, value in data.items() if value is not None}))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"key": None}, "key is missing, expected text"),
        ({"version": 1}, "version: found 1, expected text"),
        ({"level": "proven"}, 'level: found "proven", expected one of built, linked, imported, ranked'),
        ({"identity": ["mpi"]}, 'identity: found ["mpi"], expected a list of pairs'),
        ({"proofs": [{}]}, "proofs: found [{}], expected a list of proofs"),
        ({"depends": 3}, "depends: expected a list of requirements"),
        ({"job": {}}, "job: expected a mapping with state and folder"),
    ],
)
def test_a_damaged_note_is_told_by_its_key(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    """By everybody who reads it, and before a transaction begins."""
    prefix = make_prefix(tmp_path / "p")
    noted(prefix)
    path = prefix / "conda-meta" / "pybuild" / "thing.json"
    rewrite(path, changes)
    for reads in (
        lambda: read_note(prefix, "thing"),
        lambda: read_notes(prefix),
        lambda: change(prefix, Journal(command="x"), cache=tmp_path),
    ):
        with pytest.raises(PrefixError) as caught:
            reads()
        assert caught.value.message == f"{path}: {told}"
        assert caught.value.hint == f"rm {path}, then pybuild install thing -p {prefix} writes it again"
    assert read_journal(prefix) is None


def test_what_only_a_newer_pybuild_knows_does_no_harm(tmp_path: Path) -> None:
    """Of a note and of a journal."""
    prefix = make_prefix(tmp_path / "p")
    noted(prefix, colour="red")
    assert [one["name"] for one in read_notes(prefix)] == ["thing"]
    journal = Journal(command="x", notes=(note(colour="red"),), origins=(("a", "b"),))
    write_journal(prefix, journal)
    rewrite(prefix / "conda-meta" / "pybuild" / "journal", {"later": [1]})
    assert read_journal(prefix) == journal


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x", "Expecting value"),
        ("[]", "add is missing"),
        ("{}", "add is missing"),
        ({"origins": None}, "origins is missing"),
        ({"add": [["thing", "1.0"]]}, "add[0]: "),
        ({"notes": [{}]}, "notes[0]: name is missing"),
        ({"notes": 5}, ""),
    ],
)
def test_a_damaged_journal_is_never_half_carried_out(
    tmp_path: Path, text: str | dict[str, Any], told: str
) -> None:
    """The error names the file and the key, and what to do."""
    prefix = make_prefix(tmp_path / "p")
    path = prefix / "conda-meta" / "pybuild" / "journal"
    write_journal(prefix, Journal(command="x"))
    if isinstance(text, str):
        path.write_text(text)
    else:
        rewrite(path, text)
    with pytest.raises(PrefixError) as caught:
        read_journal(prefix)
    assert caught.value.message.startswith(
        f"{path}: cannot be read as the journal of an interrupted run: {told}"
    )
    assert str(caught.value.hint).startswith(f"rm {path}, then pybuild list -p {prefix} ")


@pytest.mark.parametrize("text", ["{}", '{"package": {"name": "thing"}}', '{"package": 5}'])
def test_a_damaged_record_of_a_package_is_told(tmp_path: Path, text: str) -> None:
    """The hint builds the package again, which brings a record along."""
    prefix = make_prefix(tmp_path / "p")
    noted(prefix)
    path = prefix / "share" / "pybuild" / "thing" / "record.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(PrefixError, match=f"^{path}: package: ") as caught:
        planned(prefix, "thing")
    assert caught.value.hint == f"pybuild install thing --rebuild -p {prefix}"
