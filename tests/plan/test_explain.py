"""Every part of a plan says what put it there and why."""

from __future__ import annotations

from pybuild.model.modules import Change
from pybuild.model.plan import PackagePlan
from pybuild.model.recipe import Build
from pybuild.model.rules import RefusedLibrary
from pybuild.plan.explain import Reason, explain, touches
from tests.plan.cray import captured, cray
from tests.plan.worlds import plan, user_of_mpi, world


def package() -> PackagePlan:
    recipe = user_of_mpi(build=Build(system="distutils", env=(("MPICC", "${{ mpi.cc }} ${{ mpi.shared }}"),)))
    refused = (RefusedLibrary(name="libhugetlbfs", reason="it breaks Python", rule="no-hugepages"),)
    return plan(world(recipe, site=cray(libraries=refused)), "thing").packages[-1]


def found(what: str, at: str = "build") -> Reason:
    return next(r for r in explain(package(), {}) if r.what == what and r.at == at)


def test_an_operation_names_its_rule_reason_source_and_date() -> None:
    """Enough to judge whether it still holds."""
    reason = found("module unload craype-hugepages2M")
    assert (reason.by, reason.why, reason.source, reason.since) == (
        "site small-cray: rule no-hugepages", "huge pages break Python", "the documentation", "2019-08-02",
    )  # fmt: skip
    assert found("module unload craype-hugepages2M", "run").by == reason.by
    assert found("never craype-hugepages*").why == "huge pages break Python"


def test_a_variable_names_the_line_that_set_it() -> None:
    """A rule's, the recipe's and pybuild's own."""
    assert found("CRAYPE_LINK_TYPE=dynamic").by == "site small-cray: rule dynamic"
    assert found("MPICC=cc -shared").by == "recipe thing"
    assert found("LC_ALL=C.UTF-8").by == "pybuild"


def test_a_field_names_its_provider_and_a_refused_library_its_rule() -> None:
    """Flags are fields of providers; what may not be linked says what keeps it out."""
    assert found("mpi.shared=-shared").by == "site small-cray: provider cray-mpich of mpi"
    assert "rule no-hugepages of site small-cray keeps it out" in found("refuse libhugetlbfs").why


def test_one_variable_is_followed_through_modules_and_rules() -> None:
    """What the module tool saw change counts, not only what a plan sets itself."""
    made = package()
    assert made.build is not None
    modules = made.build.modules
    assert modules is not None
    changes = tuple(
        Change(variables=("LD_LIBRARY_PATH",)) if "swap" in step.words else Change() for step in modules.steps
    )
    reasons = [r for r in explain(made, {modules: captured(modules, changes=changes)}) if r.at == "build"]
    assert [r.what for r in reasons if touches(r, "LD_LIBRARY_PATH")] == [
        "module swap PrgEnv-intel PrgEnv-gnu"
    ]
    assert [r.what for r in reasons if touches(r, "CRAYPE_LINK_TYPE")] == ["CRAYPE_LINK_TYPE=dynamic"]
    assert {r.what.split(" ")[0] for r in reasons if touches(r, "PATH")} == {"prepend"}
    assert not [r for r in reasons if touches(r, "CRAYPE_LINK")]
