"""plan/stack_difference.py: what is told is all that is different, the dangerous first."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings

from pybuild.model.stack import Lock
from pybuild.plan.stack_difference import KINDS, difference
from tests.plan.locks import conda, lock, locks, recipe, site, wheel


@settings(max_examples=100)
@given(old=locks(), new=locks())
def test_any_two(old: Lock, new: Lock) -> None:
    """Nothing is told exactly where both are equal; each name once; packages by danger, then by name."""
    rows = difference(old, new)
    assert (rows == ()) == (old == new)
    packages = [row for row in rows if row.section not in ("site", "stack")]
    assert max(Counter((row.section in ("site", "stack"), row.name) for row in rows).values(), default=1) == 1
    assert [row.name for row in packages] == [
        row.name for row in sorted(packages, key=lambda r: (KINDS.index(r.kind), r.name))
    ]
    assert rows[: len(packages)] == tuple(packages)
    assert difference(old, old) == ()


@settings(max_examples=100)
@given(old=locks(), new=locks())
def test_it_is_the_way_back_turned_round(old: Lock, new: Lock) -> None:
    """What an upgrade adds, the way back removes; an upgrade back is a downgrade; versions change places."""
    turned = {
        "add": "remove",
        "remove": "add",
        "upgrade": "downgrade",
        "downgrade": "upgrade",
        "change": "change",
    }
    there = {(turned[r.kind], r.name, r.now, r.was) for r in difference(old, new)}
    assert there == {(r.kind, r.name, r.was, r.now) for r in difference(new, old)}


@settings(max_examples=100)
@given(old=locks(), new=locks())
def test_every_package_that_differs_is_named(old: Lock, new: Lock) -> None:
    """Held against a reading of the two locks that shares nothing with the code."""

    def packages(made: Lock) -> dict[str, object]:
        return {one.name: one for one in (*made.conda, *made.index, *made.recipes)}

    before, after = packages(old), packages(new)
    different = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    told = {row.name for row in difference(old, new) if row.section not in ("site", "stack")}
    assert told == different


def test_the_order_and_the_words() -> None:
    """A downgrade stands before all, then what goes, what changes, what is newer or new; then the site."""
    old = lock(
        conda=(conda("numpy", "2.0"), conda("gone", "1")), index=(wheel("rich", "13"),),
        recipes=(recipe("mpi4py", "4.0.0", sources=(("a", "1"),)), recipe("h5py", "3.1")),
        site=site(modules=("cray-mpich/8.1.25",), identities=(("mpi", "cray-mpich 8.1.25"),)),
    )  # fmt: skip
    new = lock(
        conda=(conda("numpy", "1.26"),), index=(wheel("rich", "14"), wheel("aaa", "1")),
        recipes=(recipe("mpi4py", "4.0.0", key="new", sources=(("a", "2"),)), recipe("h5py", "3.1")),
        site=site(modules=("cray-mpich/8.1.28",), identities=(("mpi", "cray-mpich 8.1.28"),)),
    )  # fmt: skip
    rows = difference(old, new)
    assert [(row.kind, row.name) for row in rows] == [
        ("downgrade", "numpy"), ("remove", "gone"), ("change", "mpi4py"), ("upgrade", "rich"), ("add", "aaa"),
        ("change", "module cray-mpich"), ("change", "mpi provider"),
    ]  # fmt: skip
    assert rows[2].why == "key, sources"
    assert (rows[5].was, rows[5].now) == ("8.1.25", "8.1.28")


def test_a_package_that_moves_to_another_section() -> None:
    """Is one row that says so."""
    (row,) = difference(lock(conda=(conda("numpy", "1.26"),)), lock(index=(wheel("numpy", "2.0"),)))
    assert (row.kind, row.was, row.now, row.why) == ("upgrade", "1.26", "2.0", "from conda to index")


def test_nothing_deployed_yet() -> None:
    """Everything is new."""
    assert {row.kind for row in difference(None, lock(index=(wheel("rich", "13"),)))} == {"add"}
