"""Trying a site's operations finds what is wrong with them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pybuild.box.combinations import combinations
from pybuild.box.make import make_box
from pybuild.box.operations import Row, run_operations
from pybuild.errors import ModuleToolError
from pybuild.model.modules import Capture, ModulePlan, Operation
from pybuild.model.providers import Provider, Target, Virtual
from pybuild.model.pythons import PythonModule
from pybuild.model.rules import Rule, When
from pybuild.model.site import Modules, Site
from pybuild.modules.capture import capture
from tests.box.parts import init_of

GNU = Provider(
    name="gnu", where="site", fields=(("cc", "cc"), ("root", "${{ env.GCC_PATH }}")),
    modules=(Operation(kind="choose", module="PrgEnv-gnu", family="PrgEnv"),),
)  # fmt: skip
INTEL = replace(GNU, name="intel", fields=(), modules=(Operation(kind="load", module="PrgEnv-intel"),))
MPI = Provider(name="cray-mpich", where="site", modules=(Operation(kind="load", module="cray-mpich"),))
OWN = Provider(name="mpich", where="recipe", recipe="mpich")
RULE = Rule(
    name="old-python", reason="it must go", source="a test", when=When(python="<3"),
    modules=(Operation(kind="unload", module="altd"),),
)  # fmt: skip
SITE = Site(
    name="small",
    summary="a small Cray",
    modules=Modules(tool="tcl", baseline=("PrgEnv-intel", "altd"), families=(("PrgEnv", ("PrgEnv-*",)),)),
    targets=(Target(name="one", summary="one"), Target(name="two", summary="two")),
    virtuals=(
        Virtual(name="compiler", providers=(GNU, INTEL)),
        Virtual(name="mpi", providers=(MPI, OWN)),
    ),
    rules=(RULE,),
    python_modules=(PythonModule(module="python/3.7", python="3.7"),),
)


@pytest.fixture(scope="module")
def boxed(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return the small site in a box."""
    folder = tmp_path_factory.mktemp("small")
    return make_box(SITE, str(folder / "box"), tool="tcl", init=init_of("tcl", folder)).site


def failed(site: Site) -> list[Row]:
    """Return the rows that are not ok."""
    return [row for row in run_operations(site, capture) if not row.ok]


def test_every_part_is_met_once_at_least() -> None:
    """Each target with each compiler, nothing that a recipe brings, a rule for another Python on its own."""
    names = [one.name for one in combinations(SITE)]
    assert names == [
        "target one, compiler gnu, mpi cray-mpich, for builds",
        "target one, compiler intel, mpi cray-mpich, for builds",
        "target two, compiler gnu, mpi cray-mpich, for builds",
        "target two, compiler intel, mpi cray-mpich, for builds",
        "target one, compiler gnu, mpi cray-mpich, for runs",
        "target one, compiler gnu, mpi cray-mpich, rule old-python, for builds",
        "python python/3.7",
    ]


def test_a_site_without_modules_has_nothing_to_try() -> None:
    """No tool, no environment."""
    assert list(combinations(replace(SITE, modules=Modules()))) == []


def test_each_operation_says_what_it_did(boxed: Site) -> None:
    """A swap names what came and went, with who asked for it."""
    assert failed(boxed) == []
    row = next(row for row in run_operations(boxed, capture) if row.what.startswith("swap"))
    assert row.what == "swap PrgEnv-intel PrgEnv-gnu"
    assert "PrgEnv-gnu/6.0.5" in row.sentence.split("; ")[0]
    assert "unloaded" in row.sentence
    assert "PrgEnv-intel/6.0.5" in row.sentence.split("; ")[1]
    assert row.by == "site small: provider gnu of compiler"


def test_one_wrong_module_fails_its_own_combinations_only(boxed: Site) -> None:
    """A compiler whose module does not exist is reported for each target; the others are still tried."""
    wrong = replace(INTEL, modules=(Operation(kind="load", module="PrgEnv-itnel"),))
    virtuals = (Virtual(name="compiler", providers=(GNU, wrong)), *boxed.virtuals[1:])
    rows = failed(replace(boxed, virtuals=virtuals))
    assert [row.combination.split(",")[:2] for row in rows] == [
        ["target one", " compiler intel"],
        ["target two", " compiler intel"],
    ]
    assert all("PrgEnv-itnel" in row.sentence for row in rows)


def test_a_root_that_is_no_folder_fails(boxed: Site) -> None:
    """A provider's root is looked at once its variable is known."""
    wrong = replace(GNU, fields=(("cc", "cc"), ("root", "${{ env.GCC_PATH }}/nowhere")))
    virtuals = (Virtual(name="compiler", providers=(wrong,)), *boxed.virtuals[1:])
    rows = failed(replace(boxed, virtuals=virtuals))
    assert rows
    assert {row.by for row in rows} == {"provider gnu of compiler"}
    assert all(row.sentence.endswith("nowhere does not exist, expected a folder") for row in rows)


def test_a_python_of_another_version_fails(boxed: Site) -> None:
    """The module loads, but its Python is not the one that the site file says."""
    (row,) = failed(replace(boxed, python_modules=(PythonModule(module="python/3.7", python="3.1"),)))
    assert row.what == "python --version"
    assert row.sentence.startswith("answers 'Python 3.7")
    assert row.sentence.endswith("expected Python 3.1")


def test_the_same_environment_is_made_once() -> None:
    """Combinations that need the same plan share one run of the module tool."""
    plans: list[ModulePlan] = []

    def counted(plan: ModulePlan) -> Capture:
        plans.append(plan)
        raise ModuleToolError("it does not work", hint="mend it")

    twice = replace(SITE, targets=(*SITE.targets, SITE.targets[0]))
    rows = list(run_operations(twice, counted))
    assert len(plans) == len(set(plans)) < len(rows)
    assert {(row.ok, row.sentence, row.hint) for row in rows} == {(False, "it does not work", "mend it")}
