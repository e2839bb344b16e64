"""What ``pybuild plan`` prints for the recipes and the site of this repository, kept word for word.

The plans are made from fixed facts about a machine, so they change only with the recipes, the site
``generic``, the planner or the words on the screen. After such a change, look at the difference:

    PYBUILD_GOLDEN=write pytest tests/plan/test_golden.py && git diff tests/plans
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import pytest

from pybuild.cli.render import plan_text
from pybuild.load.closure import load_closure
from pybuild.load.recipes import RecipeTree
from pybuild.load.sites import load_site
from pybuild.model.machine import FoundProvider, Interpreter, Machine, PrefixState
from pybuild.model.request import Request
from pybuild.plan.make import make_plan
from pybuild.plan.resolve import World
from pybuild.plan.specs import parse_spec
from tests.plan.worlds import prefix

ROOT = Path(__file__).parents[2]
PLANS = ROOT / "tests" / "plans"
WRITE = os.environ.get("PYBUILD_GOLDEN") == "write"

COMPILER = FoundProvider(
    virtual="compiler",
    provider="system",
    fields=(("cc", "/usr/bin/gcc"), ("cxx", "/usr/bin/g++")),
    identity="gcc (Debian 12.2.0-14) 12.2.0",
)
MPI = FoundProvider(
    virtual="mpi",
    provider="wrapper",
    fields=(
        ("cc", "/usr/bin/mpicc"),
        ("cxx", "/usr/bin/mpicxx"),
        ("mpiexec", "/usr/bin/mpiexec"),
        ("shared", "-shared"),
        ("soname", "libmpi"),
    ),
    identity="/usr/bin/mpicc.mpich: gcc -I/usr/include/mpich -lmpich; Version: 4.0.2",
)
PYTHONS = tuple(
    Interpreter(
        path=f"/usr/bin/python{version.rpartition('.')[0]}", version=version, identity=f"python {version}"
    )
    for version in ("3.13.1", "3.11.7", "3.9.21")
)
NEW = PrefixState(path="/home/me/env", exists=False)


class Case(NamedTuple):
    """One plan: what is asked for, where, on which machine."""

    spec: str
    state: PrefixState = NEW
    providers: tuple[FoundProvider, ...] = (COMPILER, MPI)
    verbose: bool = False


CASES = {
    "mpi4py": Case("mpi4py"),
    "mpi4py-verbose": Case("mpi4py", verbose=True),
    "mpi4py-without-an-mpi": Case("mpi4py", providers=(COMPILER,)),
    "mpi4py-3.1.6": Case("mpi4py==3.1.6", prefix(python="3.11.7", path="/home/me/env")),
    "mpi4py-3.0.3": Case("mpi4py==3.0.3"),
    "mpi4py-exe": Case("mpi4py[exe]", prefix(python="2.7.18", path="/home/me/env")),
}


def text(case: Case) -> str:
    site = load_site(str(ROOT / "sitecfg" / "generic.yaml"))
    spec = parse_spec(case.spec)
    recipes = load_closure(RecipeTree([ROOT / "recipes"]), [spec.name], site, tools=("build", "pip"))
    machine = Machine(
        arch="x86_64", subdir="linux-64", providers=case.providers, interpreters=PYTHONS,
        platforms=("manylinux_2_36_x86_64", "manylinux_2_28_x86_64", "manylinux_2_17_x86_64",
                   "manylinux2014_x86_64", "linux_x86_64"),
        environment=(("TMPDIR", "/scratch"),),
    )  # fmt: skip
    world = World(site=site, recipes=recipes, machine=machine, state=case.state)
    request = Request(specs=(spec,), prefix=case.state.path)
    plan = make_plan(request, world, held=(), channel="/home/me/channel")
    return plan_text(plan, verbose=case.verbose) + "\n"


@pytest.mark.parametrize("name", CASES)
def test_the_plan_reads_as_it_did(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Word for word; see the top of this file for how to accept a change."""
    monkeypatch.setenv("NO_COLOR", "1")
    file = PLANS / f"{name}.txt"
    made = text(CASES[name])
    if WRITE:
        file.parent.mkdir(exist_ok=True)
        file.write_text(made)
    assert made == file.read_text()
    assert str(ROOT) not in made


def test_there_is_no_plan_without_its_case() -> None:
    """A case that is renamed does not leave its old text behind."""
    assert sorted(path.stem for path in PLANS.glob("*.txt")) == sorted(CASES)


def test_the_plans_are_not_being_rewritten_where_it_counts() -> None:
    """Writing mode compares nothing, so CI must not be in it."""
    assert not (WRITE and os.environ.get("CI"))
