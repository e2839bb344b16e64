"""A plan as text tells what happens to each package; as JSON it is the whole plan."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from pybuild.cli.render import plan_json, plan_text
from pybuild.model.machine import Installed
from pybuild.model.plan import Plan
from tests.plan.worlds import (
    COMPILER,
    held,
    installed,
    machine,
    mpich,
    no_prefix,
    plan,
    prefix,
    user_of_mpi,
    wheel_recipe,
    world,
)

THING = user_of_mpi("thing", "2.0", "1.0")


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


def tuples(value: object) -> object:
    """Return JSON's lists as the tuples that records hold."""
    if isinstance(value, list):
        return tuple(tuples(item) for item in value)
    return {name: tuples(item) for name, item in value.items()} if isinstance(value, dict) else value


def big_plan() -> Plan:
    return plan(
        world(THING, mpich(), wheel_recipe("pip"), state=no_prefix(), machine=machine(providers=(COMPILER,))),
        "thing",
    )


def test_json_is_the_whole_plan() -> None:
    """Nothing is lost or renamed: read back, it is equal, and it is the same text every time."""
    made = big_plan()
    assert tuples(json.loads(plan_json(made))) == asdict(made)
    assert plan_json(made) == plan_json(big_plan())


@pytest.mark.parametrize(
    ("there", "spec", "row"),
    [
        (None, "thing", "+  thing  2.0"),
        (installed("thing", "1.0"), "thing>=2", "^  thing  2.0"),
        (installed("thing", "2.0"), "thing<2", "v  thing  1.0"),
        (installed("thing", "2.0", key=None), "thing", "~  thing  2.0"),
        (installed("thing", "2.0"), "thing", "=  thing  2.0"),
    ],
)
def test_each_change_has_its_sign(there: Installed | None, spec: str, row: str) -> None:
    """New, upgrade, downgrade, replace, keep."""
    text = plan_text(plan(world(THING, state=prefix(*([there] if there else []))), spec))
    assert any(line.strip().startswith(row) for line in text.splitlines())


def test_a_downgrade_is_said_aloud() -> None:
    """With the version that is lost; other changes name what they replace."""
    down = plan_text(plan(world(THING, state=prefix(installed("thing", "2.0"))), "thing<2"))
    assert ", DOWNGRADES 2.0" in down
    up = plan_text(plan(world(THING, state=prefix(installed("thing", "1.0", "old_0"))), "thing>=2"))
    assert ", upgrades 1.0 old_0" in up


def test_nothing_to_do_is_said() -> None:
    """And only then."""
    there = world(THING, state=prefix(installed("thing", "2.0")))
    assert plan_text(plan(there, "thing")).endswith("\nnothing to do")
    assert "nothing to do" not in plan_text(big_plan())


def test_what_was_asked_for_is_explained_and_the_rest_with_verbose() -> None:
    """Reasons, source with hash, commands, checks; the environment only in full detail."""
    made = big_plan()
    short, full = plan_text(made), plan_text(made, verbose=True)
    assert "thing-2.0.tar.gz  sha256 aaaa" in short
    assert "MPICC=${{ host }}/bin/mpicc -shared  (recipe thing)" in short
    assert "thing.MPI links mpi  (linked)" in short
    assert "\nmpich 1.0" not in short
    assert "\nmpich 1.0" in full
    assert "PYTHONNOUSERSITE=1" not in short
    assert "PYTHONNOUSERSITE=1" in full


def test_a_package_of_the_channel_names_its_file_instead_of_steps() -> None:
    """Nothing is built, so no command is shown."""
    key = plan(world(THING), "thing").packages[0].key
    text = plan_text(plan(world(THING), "thing", held=(held("thing", "2.0", key=key),)))
    assert "from the channel" in text
    assert "/data/channel/linux-64/thing-2.0.conda" in text
    assert "setup.py" not in text


def test_an_unproven_recipe_is_marked() -> None:
    """Before anybody builds with it."""
    assert "unproven recipe" in plan_text(plan(world(replace(THING, unproven=True)), "thing"))


def test_the_prefix_stands_on_the_first_line() -> None:
    """With whether it is new; notes and removals have lines of their own."""
    made = replace(big_plan(), notes=("a note",), removes=(("old", "1", "b"),))
    lines = plan_text(made).splitlines()
    assert lines[0] == "thing -> /data/env (new)"
    assert plan_text(replace(made, specs=())).splitlines()[0] == "/data/env (new)"
    assert "  note  a note" in lines
    assert "  - old 1 b  removed" in lines
