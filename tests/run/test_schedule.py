"""Several builds at once: in order, within one budget, each for itself."""

from __future__ import annotations

import json
import os
import platform
import signal
from pathlib import Path

import pytest

from tests.end_to_end import toys
from tests.end_to_end.held import left_below, until
from tests.end_to_end.project import finished
from tests.run.conftest import Toys, peak


@pytest.mark.parametrize("jobs", [2, 5])
def test_all_builds_share_one_budget(toybox: Toys, jobs: int) -> None:
    """Three builds with twelve commands: never more than the budget at once, and at times all of it."""
    for name in ("one", "two", "three"):
        toybox.add(name)
    toybox.crowd(jobs, "one", "two", "three")
    toybox.project.install("one", "two", "three", "-j", jobs).done()
    parts = toybox.parts()
    assert len(parts) == 12
    assert peak(parts) == jobs


def test_needs_come_first(toybox: Toys) -> None:
    """What is linked against stands in the channel before its users begin; the longest way begins first."""
    toybox.add("alone", parts=1)
    toybox.add("ground", parts=1)
    toybox.add("middle", "ground", parts=1)
    toybox.add("top", "middle", parts=1)
    toybox.project.install("alone", "top", "-j", "1").done()
    assert [part.package for part in toybox.parts()] == ["ground", "middle", "alone", "top"]


def test_a_failure_stops_only_what_needs_it(toybox: Toys) -> None:
    """The others are built; the end says what failed, what was not built because of it, and how to go on."""
    toybox.add("broken", parts=1)
    toybox.add("above", "broken", parts=1)
    toybox.add("longer", parts=3)
    prefix = toybox.project.root / "failing"
    toybox.mark("fail.broken").touch()
    done = toybox.project.install("above", "longer", "-j", "2", "-p", prefix)
    assert done.code == 5, done.err
    assert "1 of 3 builds failed: broken 1.0; not built because of that: above (needs broken)" in done.err
    assert "  | trace.c:1: error: told to fail" in done.err
    assert "hint: the same command goes on" in done.err
    assert len(toybox.project.built("longer")) > 0
    assert not prefix.exists()
    toybox.mark("fail.broken").unlink()
    before = len(toybox.parts())
    toybox.project.install("above", "longer", "-j", "2", "-p", prefix).done()
    assert {part.package for part in toybox.parts()[before - 1 :] if part.end < float("inf")} >= {"above"}
    assert sum(part.package == "longer" for part in toybox.parts()) == 3, "what was built is not built again"


def test_a_failure_in_pybuild_s_own_process_stops_only_what_needs_it(toybox: Toys) -> None:
    """A single build with commands stays in this process, wheels beside it; they end as children do."""
    project = toybox.project
    hollow = toys.File("hollow-1.0-py3-none-any.whl", b"no archive")
    for file in (hollow, toys.wheel("zfine", "1.0")):
        project.serve(file)
        project.recipe(file.name.split("-")[0], toys.pure_recipe(file))
    toybox.add("above", "hollow", parts=1)
    done = project.install("above", "zfine", "-p", project.root / "light")
    assert done.code == 8, done.err
    assert len(project.built("zfine")) == 1
    lines = [line for line in done.err.splitlines() if line.startswith(("error:", "hint:"))]
    end = "1 of 3 builds failed: hollow 1.0; not built because of that: above (needs hollow)"
    assert lines[-2] == f"error: {end}", done.err
    assert lines[-1].startswith("hint: the same command goes on")
    assert "hollow-1.0-py3-none-any.whl" in lines[0], "the failure itself is told as it happens"
    record = json.loads(project.run("report", "--json").done().out)
    assert sorted(build["state"] for build in record["builds"]) == ["built", "failed", "skipped"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_nothing_goes_on_without_its_parent(toybox: Toys, number: signal.Signals) -> None:
    """Killed or interrupted, a run takes its builds and their commands along; the same command goes on."""
    for name in ("one", "two"):
        toybox.add(name, parts=2)
    toybox.mark("hold").touch()
    node = toybox.project.root / "node"
    node.mkdir(exist_ok=True)
    place = {"PYBUILD_STAGE": str(node)}
    child = toybox.project.start("install", "one", "two", "-y", "-j", "2", environ=place)
    until(lambda: _held_by(toybox) >= 2, child)
    assert len(list(node.glob("pybuild-*/stage/*"))) == 2, "builds stand where they were told to"
    os.kill(child.pid, number)
    code = finished(child).code
    assert code == (130 if number != signal.SIGKILL else -9)
    assert left_below(toybox.project.root) == []
    assert list(node.glob("pybuild-*/stage/*")) == []
    toybox.mark("hold").unlink()
    toybox.project.install("one", "two", "-j", "2").done()


def _held_by(toybox: Toys) -> int:
    return len({part.package for part in toybox.parts()}) if toybox.trace.exists() else 0


def test_a_single_build_is_the_same_with_and_without_a_child(toybox: Toys, tmp_path: Path) -> None:
    """``pybuild build`` of a plan file and ``pybuild install`` give the same files under the same key."""
    toybox.add("single", parts=1)
    file = tmp_path / "plan.json"
    project = toybox.project
    project.run("plan", "single", "-o", file).done()
    made = project.run("build", file, "single", "--json").done()
    (row,) = json.loads(made.out)
    assert project.run("build", file, row["key"]).done().code == 0, "again is nothing"
    assert len(toybox.parts()) == 1
    listed = json.loads(project.run("plan", "single", "--json").done().out)
    (planned,) = [p for p in listed["packages"] if p["name"] == "single"]
    assert planned["action"] == "channel"


def test_a_budget_of_zero_is_refused(toybox: Toys) -> None:
    """Nothing could run, so nothing is begun."""
    toybox.add("single")
    done = toybox.project.install("single", "-j", "0")
    assert done.code == 2
    assert done.err.startswith("error: --jobs: found 0, expected 1 or more")


def test_a_login_node_has_a_limit_of_its_own(toybox: Toys) -> None:
    """Whatever the user asks for, builds use no more processes there, and the reason is told."""
    limit = '{most: "1", reason: many people work there, source: the page on login nodes}'
    nodes = f"nodes: {{login: {{hostname: {platform.node()}, jobs: {limit}}}}}\n"
    site = toybox.project.sites / "limited.yaml"
    text = (toybox.project.sites / "toy.yaml").read_text().replace("name: toy\n", "name: limited\n", 1)
    site.write_text(text + nodes)
    for name in ("one", "two"):
        toybox.add(name, parts=2)
    done = toybox.project.install("one", "two", "-j", "4", "--site", "limited").done()
    assert (
        "limited lets builds use 1 processes on login nodes: many people work there (the page on" in done.err
    )
    assert peak(toybox.parts()) == 1
