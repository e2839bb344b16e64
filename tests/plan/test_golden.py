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
from pybuild.plan.rules import choose_target
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
    site: str = "generic"
    target: str | None = None


SITES = sorted(
    path.stem
    for path in (ROOT / "sitecfg").glob("*.yaml")
    if path.stem != "generic" and "\nabstract: true" not in path.read_text()
)
"""Every machine that is written down: its plans can be held against its own documentation."""

VIEW = "/user-environment/env/default/bin"
FOUND = {
    "alps": (
        FoundProvider(
            virtual="compiler", provider="gnu", identity="gcc (Spack GCC) 14.2.0",
            fields=(("cc", f"{VIEW}/gcc"),),
        ),
        FoundProvider(
            virtual="mpi", provider="cray-mpich", identity=f"{VIEW}/mpicc: gcc",
            fields=(("cc", f"{VIEW}/mpicc"), ("shared", "-shared"), ("soname", "libmpi")),
        ),
    ),
}  # fmt: skip
"""What is found where a site has no modules."""

ON_CRAYS = {
    "cori-mpi4py-as-in-2019": Case(
        "mpi4py[exe]==3.0.0", prefix(python="3.7.4", path="/home/me/env"), site="cori"
    ),
    "cori-knl-mpi4py": Case("mpi4py", site="cori", target="knl"),
    "perlmutter-gpu-mpi4py": Case("mpi4py", site="perlmutter", target="gpu"),
}

CASES = {
    "mpi4py": Case("mpi4py"),
    "mpi4py-verbose": Case("mpi4py", verbose=True),
    "mpi4py-without-an-mpi": Case("mpi4py", providers=(COMPILER,)),
    "mpi4py-3.1.6": Case("mpi4py==3.1.6", prefix(python="3.11.7", path="/home/me/env")),
    "mpi4py-3.0.3": Case("mpi4py==3.0.3"),
    "mpi4py-exe": Case("mpi4py[exe]", prefix(python="2.7.18", path="/home/me/env")),
    **ON_CRAYS,
    **{
        f"{site}-{spec}": Case(spec, site=site, providers=FOUND.get(site, ()))
        for site in SITES
        for spec in ("mpi4py", "h5py")
    },
}


def text(case: Case) -> str:
    site = load_site(str(ROOT / "sitecfg" / f"{case.site}.yaml"))
    spec = parse_spec(case.spec)
    recipes = load_closure(RecipeTree([ROOT / "recipes"]), [spec.name], site, always=("pip",))
    machine = Machine(
        subdir="linux-64", providers=case.providers, interpreters=PYTHONS,
        platforms=("manylinux_2_36_x86_64", "manylinux_2_28_x86_64", "manylinux_2_17_x86_64",
                   "manylinux2014_x86_64", "linux_x86_64"),
        environment=(("TMPDIR", "/scratch"),),
    )  # fmt: skip
    target = choose_target(site, case.target)
    world = World(site=site, recipes=recipes, machine=machine, state=case.state, target=target)
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
