"""load/stack_lock.py: a lock reads back as it was written, reads well, and cannot be changed by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from pybuild.errors import DocumentError, PlanError
from pybuild.load.stack_lock import (
    VERSION,
    lock_digest,
    lock_file,
    lock_text,
    parse_lock,
    read_lock,
    write_lock,
)
from pybuild.model.stack import Lock
from tests.plan.locks import lock, locks, recipe, wheel


@settings(max_examples=60)
@given(made=locks())
def test_a_lock_comes_back(made: Lock) -> None:
    """What is written is read back equal, equal locks are equal bytes, and digests tell them apart."""
    text = lock_text(made)
    again = parse_lock("stack.lock.json", text)
    assert again == made
    assert lock_text(again) == text
    assert json.loads(text)["digest"] == lock_digest(made)
    assert lock_digest(replace(made, python="0.0")) != lock_digest(made)


def test_a_change_of_one_version_changes_few_lines() -> None:
    """The digest, the package and the file that it is built from: nothing else moves."""
    rows = [recipe(f"thing{n}", "1.0", sources=((f"thing{n}-1.0.tar.gz", "a" * 64),)) for n in range(5)]
    before = lock(recipes=tuple(rows), index=(wheel("alpha", "1"), wheel("beta", "1")))
    rows[2] = replace(rows[2], version="2.0", sources=(("thing2-2.0.tar.gz", "b" * 64),))
    one, other = (lock_text(made).splitlines() for made in (before, replace(before, recipes=tuple(rows))))
    assert len(one) == len(other)
    different = [a for a, b in zip(one, other, strict=True) if a != b]
    assert [line.split('"')[1] for line in different] == ["digest", "name", "thing2-1.0.tar.gz"]
    assert all(len(line) < 250 for line in one)


def test_the_lock_stands_beside_its_file() -> None:
    """Several stacks live in one folder."""
    assert lock_file("/a/stack.yaml") == "/a/stack.lock.json"
    assert lock_file("/a/b.c.yml") == "/a/b.c.lock.json"
    assert lock_file("/a/stack") == "/a/stack.lock.json"


def test_writing_is_one_step(tmp_path: Path) -> None:
    """A lock that cannot be written leaves the old one and nothing beside it."""
    path = tmp_path / "stack.lock.json"
    write_lock(str(path), lock())
    assert read_lock(str(path)) == lock()
    assert [p.name for p in tmp_path.iterdir()] == ["stack.lock.json"]
    with pytest.raises(PlanError, match="the lock cannot be written"):
        write_lock(str(tmp_path / "nowhere" / "stack.lock.json"), lock())


def changed(**values: object) -> str:
    return json.dumps({**json.loads(lock_text(lock())), **values})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (changed(python="3.12.1"), "somebody changed the lock by hand"),
        (changed(digest="0"), "somebody changed the lock by hand"),
        (changed(**{"lock version": 7}), f"lock version: found 7, this pybuild reads and writes {VERSION}"),
        ("{}", "lock version: found none"),
        ("[]", "lock version: found none"),
        ("{", "is no JSON"),
        (lock_text(lock()).replace("{", "<<<<<<< HEAD\n{", 1), "a merge left its marks"),
    ],
)
def test_refused(text: str, sentence: str) -> None:
    """Each with the file, a line, and the command that makes it anew."""
    with pytest.raises(DocumentError) as caught:
        parse_lock("stack.lock.json", text, "other.yaml")
    assert sentence in caught.value.message
    assert caught.value.message.startswith("stack.lock.json:1: ")
    assert "pybuild stack lock other.yaml" in (caught.value.hint or "")


def test_no_lock(tmp_path: Path) -> None:
    """Is told with the command that makes one."""
    with pytest.raises(PlanError, match="there is no lock yet") as caught:
        read_lock(str(tmp_path / "other.lock.json"), "other.yaml")
    assert caught.value.hint == "pybuild stack lock other.yaml"
