"""A site's modules become ordered, explained operations, and what they loaded becomes part of the key."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from pybuild.errors import PlanError
from pybuild.model.modules import Capture, ModulePlan, Operation
from pybuild.model.plan import PackagePlan
from pybuild.model.recipe import Build, Condition, RecipeModules, Requirements
from pybuild.model.rules import Rule, When
from pybuild.plan.environment import applied
from pybuild.plan.rules import acting_rules, choose_target
from tests.plan.cray import DYNAMIC, NO_HUGEPAGES, captured, choose, cray
from tests.plan.worlds import machine, plan, site, user_of_mpi, world


def package(**changes: Any) -> PackagePlan:
    """Return the plan of a package that needs a compiler and MPI."""
    here = changes.pop("site", cray())
    recipe = changes.pop("recipe", user_of_mpi())
    target = choose_target(here, changes.pop("target", None))
    captures: tuple[Capture, ...] = changes.pop("captures", ())
    made = plan(
        world(recipe, site=here, target=target, machine=machine(captures=captures), **changes), recipe.name
    )
    return made.packages[-1]


def modules(**changes: Any) -> ModulePlan:
    build = package(**changes).build
    assert build is not None
    assert build.modules is not None
    return build.modules


def words(found: ModulePlan) -> list[str]:
    return [" ".join(step.words) for step in found.steps if step.words]


def test_the_order_is_target_providers_rules_recipe() -> None:
    """And every operation says what put it there and why."""
    own = RecipeModules(operations=(Operation(kind="unload", module="dvs"),), reason="it is in the way")
    found = modules(recipe=user_of_mpi(modules=(own,)), target="knl")
    assert words(found) == [
        "swap craype-haswell craype-mic-knl",
        "swap PrgEnv-intel PrgEnv-gnu",
        "unload craype-hugepages2M",
        "unload dvs",
    ]
    assert [step.by for step in found.steps if step.words] == [
        "site small-cray: target knl",
        "site small-cray: provider gnu of compiler",
        "site small-cray: rule no-hugepages",
        "recipe thing",
    ]
    assert found.steps[-2].since == "2019-08-02"
    assert found.steps[-1].why == "it is in the way"


@pytest.mark.parametrize(
    ("baseline", "operation", "expected"),
    [
        (("PrgEnv-intel",), choose("PrgEnv-gnu"), ["swap PrgEnv-intel PrgEnv-gnu"]),
        (("PrgEnv-gnu/6.0.5",), choose("PrgEnv-gnu"), []),
        ((), choose("PrgEnv-gnu"), ["load PrgEnv-gnu"]),
        (("a",), Operation(kind="load", module="a"), []),
        (("a",), Operation(kind="load", module="a/2"), ["load a/2"]),
        (("ab",), Operation(kind="load", module="a"), ["load a"]),
        (("h2M", "h4M/1"), Operation(kind="unload", module="h*"), ["unload h2M h4M/1"]),
        ((), Operation(kind="unload", module="h2M"), []),
        (("a/b/1.0",), Operation(kind="unload", module="a/b"), ["unload a/b/1.0"]),
        (("a",), Operation(kind="swap", module="b", old="a"), ["swap a b"]),
        ((), Operation(kind="use", module="/opt/m"), ["use /opt/m"]),
    ],
)
def test_an_operation_is_said_as_a_person_would_type_it(
    baseline: tuple[str, ...], operation: Operation, expected: list[str]
) -> None:
    """With what the baseline loads filled in; what is so already needs no words but is still checked."""
    here = cray(rules=(Rule(name="r", modules=(operation,), reason="so", source="man"),))
    here = dataclasses.replace(
        here,
        virtuals=site().virtuals,
        modules=dataclasses.replace(here.modules, baseline=baseline),
    )
    found = modules(site=here)
    assert words(found) == expected
    assert found.steps[-1].operation == operation


def test_a_rule_that_forbids_beats_the_recipe() -> None:
    """A recipe that loads what the site forbids is refused before anything runs, naming both."""
    own = RecipeModules(operations=(Operation(kind="load", module="craype-hugepages8M"),), reason="speed")
    with pytest.raises(
        PlanError, match="recipe thing: modules: loads craype-hugepages8M, which rule no-hugep"
    ):
        package(recipe=user_of_mpi(modules=(own,)))


def test_what_is_forbidden_is_checked_again_by_the_tool() -> None:
    """Another module may load it."""
    ((pattern, who),) = modules().forbidden
    assert (pattern, who) == (
        "craype-hugepages*",
        "rule no-hugepages of site small-cray: huge pages break Python",
    )


def test_a_recipes_operations_hold_only_under_their_condition_and_only_for_builds() -> None:
    """Unload rocm while mpi4py is built at one site, not at others and not while it runs."""
    operations = (Operation(kind="unload", module="dvs"),)
    there = RecipeModules(operations=operations, reason="so", when=Condition(site="elsewhere"))
    assert "unload dvs" not in words(modules(recipe=user_of_mpi(modules=(there,))))
    here = RecipeModules(operations=operations, reason="so", when=Condition(site="small-cray"))
    made = package(recipe=user_of_mpi(modules=(here,)))
    assert made.build is not None
    assert made.build.modules is not None
    assert "unload dvs" in words(made.build.modules)
    assert made.run_modules is not None
    assert "unload dvs" not in words(made.run_modules)
    assert "unload craype-hugepages2M" in words(made.run_modules)


def test_what_the_fields_use_must_be_there_in_the_end() -> None:
    """Variables of templates and programs without a path, each with the provider that needs it."""
    recipe = user_of_mpi(requirements=Requirements(virtual=("compiler", "mpi", "hdf5[mpi]")))
    needs = {(need.variable, need.program, need.by) for need in modules(recipe=recipe).needs}
    assert needs == {
        ("", "cc", "site small-cray: provider gnu of compiler"),
        ("GCC_VERSION", "", "site small-cray: provider gnu of compiler"),
        ("CRAY_MPICH_VERSION", "", "site small-cray: provider cray-mpich of mpi"),
        ("", "cc", "site small-cray: provider cray-mpich of mpi"),
        ("HDF5_DIR", "", "site small-cray: provider cray-hdf5-parallel of hdf5[mpi]"),
    }


def test_a_virtual_with_a_feature_fills_the_plain_name() -> None:
    """``${{ hdf5.root }}`` is the root of what stands behind ``hdf5[mpi]``, and stays late."""
    recipe = user_of_mpi(
        requirements=Requirements(virtual=("compiler", "mpi", "hdf5[mpi]")),
        build=Build(system="distutils", env=(("HDF5_DIR", "${{ hdf5.root }}"),)),
    )
    build = package(recipe=recipe).build
    assert build is not None
    assert build.environment[-1].value == "${{ env.HDF5_DIR }}"


def test_a_target_replaces_fields_and_has_a_key_of_its_own() -> None:
    """The flag for shared objects differs between targets, and so does the result."""
    plain, knl = package(), package(target="knl")
    assert knl.build is not None
    assert ("MPICC", "cc -mknl -shared") in {(e.name, e.value) for e in knl.build.environment}
    assert plain.key != knl.key
    with pytest.raises(PlanError, match=r"no target 'gpu'; its targets: haswell, knl"):
        package(target="gpu")


def test_the_user_chooses_a_provider() -> None:
    """By name; one that the site does not have is refused with those that it has."""
    assert "swap PrgEnv-intel PrgEnv-gnu" in words(modules())
    assert "swap PrgEnv-intel PrgEnv-gnu" not in words(modules(providers=(("compiler", "intel"),)))
    with pytest.raises(PlanError, match="no provider 'pgi' of 'compiler'; it has gnu, intel"):
        package(providers=(("compiler", "pgi"),))


def test_a_site_without_a_tool_has_no_modules() -> None:
    """Nothing is asked of a tool that is not there."""
    made = package(site=site())
    assert made.build is not None
    assert (made.build.modules, made.run_modules) == (None, None)


def test_the_key_is_made_of_what_was_really_loaded() -> None:
    """A new default version is another key; the version of a neutral module is not."""
    asked = modules()
    one = package(captures=(captured(asked),))
    newer = ("craype-haswell", "dvs/2.12", "PrgEnv-gnu/6.0.5", "cray-mpich/7.7.12")
    other_dvs = ("craype-haswell", "dvs/2.15", "PrgEnv-gnu/6.0.5", "cray-mpich/7.7.10")
    assert package(captures=(captured(asked, loaded=newer),)).key != one.key
    assert package(captures=(captured(asked, loaded=other_dvs),)).key == one.key
    assert (
        package(captures=(captured(asked, answers=("gcc 9", "gcc 9")[: len(asked.questions)]),)).key
        != one.key
    )


def test_identities_are_filled_in_from_the_environment() -> None:
    """What conda's records and conflicts are made of names versions, once they are known."""
    made = package(captures=(captured(modules()),))
    assert dict(made.identity) == {
        "compiler": "gcc 8.3.0; gcc (GCC) 8.3.0",
        "mpi": "cray-mpich 7.7.10",
    }


def test_every_condition_of_a_rule_counts() -> None:
    """One that does not hold is enough to keep a rule from acting."""
    conditions = (
        (When(virtual="mpi"), True),
        (When(virtual="hdf5"), True),
        (When(virtual="fftw"), False),
        (When(provider=(("compiler", "gnu"),)), True),
        (When(provider=(("compiler", "intel"),)), False),
        (When(recipe="thing"), True),
        (When(recipe="other"), False),
        (When(target="knl"), True),
        (When(target="haswell"), False),
        (When(python=">=3.8"), True),
        (When(python="<3.8", virtual="mpi"), False),
    )
    here = cray(
        rules=tuple(
            Rule(name=f"r{n}", when=when, reason="so", source="") for n, (when, _) in enumerate(conditions)
        )
    )
    acting = acting_rules(
        here,
        recipe="thing",
        providers={"compiler": "gnu", "mpi": "cray-mpich", "hdf5[mpi]": "x"},
        target=choose_target(here, "knl"),
        python="3.11.7",
    )
    assert [rule.name for rule in acting] == [f"r{n}" for n, (_, yes) in enumerate(conditions) if yes]


def test_rules_for_runs_are_not_rules_for_builds() -> None:
    """Each acts when it says."""
    lock = Rule(name="lock", at=("run",), env=(("HDF5_USE_FILE_LOCKING", "FALSE"),), reason="so", source="")
    made = package(site=cray(rules=(NO_HUGEPAGES, DYNAMIC, lock)))
    assert made.build is not None
    assert "HDF5_USE_FILE_LOCKING" not in {edit.name for edit in made.build.environment}
    assert [edit.name for edit in made.run_environment] == ["HDF5_USE_FILE_LOCKING"]


def test_on_a_login_node_less_is_demanded() -> None:
    """Ranks cannot be started there: the plan says so, and a demand for them is refused."""
    here = world(user_of_mpi(), site=cray(), machine=machine(node="login"))
    made = plan(here, "thing")
    assert made.verify == "imported"
    assert "no ranks are started on this login node" in made.notes[-1]
    with pytest.raises(PlanError, match="this is a login node of small-cray"):
        plan(here, "thing", verify="ranked")
    assert (
        plan(world(user_of_mpi(), site=cray(), machine=machine(node="compute")), "thing").verify == "ranked"
    )


def test_what_a_rule_removes_is_never_what_the_build_itself_needs() -> None:
    """A rule that clears PYTHONPATH clears the modules' one; the build requirements stay on it."""
    rule = Rule(name="clean", unset=("PYTHONPATH",), reason="so", source="")
    made = package(site=cray(rules=(rule,)))
    assert made.build is not None
    assert applied(made.build.environment, {"PYTHONPATH": "/module"})["PYTHONPATH"] == "${{ overlay }}"


def test_operations_without_a_tool_are_refused() -> None:
    """A site that forgot its tool must not lose its rules in silence."""
    here = cray()
    here = dataclasses.replace(here, modules=dataclasses.replace(here.modules, tool="none"))
    with pytest.raises(PlanError, match=r"choose PrgEnv-gnu: modules.tool of site small-cray is none"):
        package(site=here)


def test_a_family_that_the_site_does_not_have_is_refused() -> None:
    """With the key that it should be in."""
    own = RecipeModules(operations=(Operation(kind="choose", module="a", family="PrgEvn"),), reason="so")
    with pytest.raises(PlanError, match=r"modules.families of site small-cray has no 'PrgEvn'"):
        package(recipe=user_of_mpi(modules=(own,)))


def test_a_chosen_provider_of_an_unknown_virtual_is_refused() -> None:
    """It would be ignored otherwise, and the user would believe that it was obeyed."""
    with pytest.raises(PlanError, match="--use mip=gnu: site small-cray has no virtual 'mip'"):
        package(providers=(("mip", "gnu"),))
