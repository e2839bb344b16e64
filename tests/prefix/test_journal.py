"""The journal comes back exactly as it was written, and stands exactly while it is needed."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pybuild.prefix.journal import Journal, drop_journal, read_journal, write_journal
from tests.prefix.prefixes import make_prefix, note

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
JOURNALS = st.builds(
    Journal,
    command=TEXT,
    add=st.lists(st.tuples(TEXT, TEXT, TEXT, TEXT, TEXT), max_size=2).map(tuple),
    remove=st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=2).map(tuple),
    notes=st.lists(st.just(note()), max_size=2).map(tuple),
    specs=st.lists(TEXT, max_size=2).map(tuple),
    dropped=st.lists(TEXT, max_size=2).map(tuple),
    folders=st.lists(TEXT, max_size=2).map(tuple),
)


@given(JOURNALS)
def test_round_trip(tmp_path_factory, journal: Journal) -> None:  # type: ignore[no-untyped-def]
    """Whatever a command line or a path may hold; a newer journal takes the older one's place."""
    prefix = make_prefix(tmp_path_factory.mktemp("j") / "p")
    write_journal(prefix, Journal(command="older"))
    write_journal(prefix, journal)
    assert read_journal(prefix) == journal


def test_no_journal_is_no_transaction(tmp_path: Path) -> None:
    """Neither in a prefix that has none, nor where there is no prefix."""
    prefix = make_prefix(tmp_path / "p")
    assert read_journal(prefix) is None
    assert read_journal(tmp_path / "absent") is None
    write_journal(prefix, Journal(command="x"))
    drop_journal(prefix)
    assert read_journal(prefix) is None
    drop_journal(prefix)
