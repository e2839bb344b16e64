"""Many packages' needs made into one, without any shell."""

from __future__ import annotations

import pytest

from pybuild.errors import PlanError, UsageError
from pybuild.model.modules import ModulePlan, ModuleStep, Operation
from pybuild.model.plan import Edit
from pybuild.plan.activation import activation
from pybuild.plan.modulefile import modulefile
from pybuild.plan.running import Part, Running, Setting, merged, names_in
from tests.activation.parts import installed, package
from tests.modules.tools import step


def plan(*steps: ModuleStep, **more: object) -> ModulePlan:
    return ModulePlan(site="toy", tool="tcl", steps=steps, **more)  # type: ignore[arg-type]


def of(*edits: Edit) -> tuple[Setting, ...]:
    return merged("/p", [installed(package(None, *edits))], conda=False).settings


def both(first: ModulePlan, second: ModulePlan) -> Running:
    packages = (package(first), package(second, name="other"))
    return merged("/p", map(installed, packages), conda=False)


def test_equal_operations_are_done_once_in_order() -> None:
    """Whoever wrote them."""
    gnu, pages, hdf5 = step("choose", "PrgEnv-gnu"), step("unload", "hugepages*"), step("load", "hdf5")
    found = both(plan(gnu, pages, folders=("/a",)), plan(gnu, hdf5, folders=("/b", "/a")))
    assert found.steps == (gnu, pages, hdf5)
    assert found.folders == ("/a", "/b")


def test_what_holds_for_builds_only_is_left_out() -> None:
    """A compiler's module is nothing that a run needs."""
    build = ModuleStep(operation=Operation(kind="load", module="gcc"), by="b", why="w", at=("build",))
    assert both(plan(build), plan()).steps == ()


def test_two_members_of_one_family_are_refused() -> None:
    """No shell can have both, so it is said before any tool is asked."""
    with pytest.raises(PlanError, match=r"needs PrgEnv-gnu .* and PrgEnv-cray .* family PrgEnv") as caught:
        both(plan(step("choose", "PrgEnv-gnu")), plan(step("choose", "PrgEnv-cray")))
    assert caught.value.hint


def test_a_prefix_with_a_colon_is_refused() -> None:
    """PATH would name two other folders."""
    with pytest.raises(PlanError, match="colon") as caught:
        merged("/a:b", [installed(package(None))], conda=False)
    assert caught.value.hint


def test_changes_of_one_variable_become_one() -> None:
    """The last one counts, and what is put in front stays in front."""
    text = {kind: Edit(kind=kind, name="X", value=kind) for kind in ("set", "prepend", "unset")}
    front = Setting(kind="set", name="X", value=(Part(text="prepend"), Part(text=":"), Part(text="set")))
    assert of(text["set"], text["prepend"]) == (front,)
    assert of(text["prepend"], text["set"]) == (Setting(kind="set", name="X", value=(Part(text="set"),)),)
    assert of(text["set"], text["unset"]) == (Setting(kind="unset", name="X"),)
    assert of(text["unset"], text["prepend"]) == (
        Setting(kind="set", name="X", value=(Part(text="prepend"),)),
    )
    assert of(text["prepend"], text["prepend"]) == (
        Setting(kind="prepend", name="X", value=(Part(text="prepend"),)),
    )


def test_values_know_the_prefix_and_leave_variables_to_the_shell() -> None:
    """``${{ prefix }}`` and ``${{ env.NAME }}``."""
    found = merged(
        "/p",
        [installed(package(None, Edit(kind="set", name="X", value="${{ prefix }}:${{ env.Y }}/z")))],
        conda=False,
    )
    assert found.settings[0].value == (Part(text="/p:"), Part(name="Y"), Part(text="/z"))
    assert names_in(found) == {"Y": "X"}


def test_a_prefix_with_scripts_of_conda_is_left_to_conda() -> None:
    """Its folder is not put on the PATH behind conda's back; the text says what to type."""
    text = activation(merged("/p", [installed(package(None))], conda=True), "bash")
    assert "# then: conda activate /p" in text
    assert "PATH" not in text


def test_unknown_shells_and_formats_are_named() -> None:
    """With those that there are."""
    found = merged("/p", [installed(package(None))], conda=False)
    with pytest.raises(UsageError, match="'ksh93'") as caught:
        activation(found, "ksh93")
    assert caught.value.hint == "--shell bash, zsh, sh, csh, tcsh, fish"
    with pytest.raises(UsageError, match="'xml'") as caught:
        modulefile(found, "xml")
    assert caught.value.hint == "--format tcl or --format lua"
