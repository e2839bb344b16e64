"""Each way in which an operation can fail, whatever the exit code says, and what a person then reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from pybuild.errors import ExitCode
from pybuild.model.modules import Need
from tests.modules.tools import Bench, lmod, step


def test_a_module_that_does_not_exist(bench: Bench) -> None:
    """The error names site, who asked, tool, the tool's own words and what there is instead."""
    error = bench.refusal(step("load", "PrgEnv-gnuu"))
    assert error.message.startswith(
        f"site toy: load PrgEnv-gnuu (site toy: rule r) did not load it; {shown(bench)}"
    )
    assert bench.tool.unknown in error.message
    assert error.hint is not None
    assert error.hint.startswith("did you mean PrgEnv-gnu")
    assert error.code is ExitCode.MODULES


def test_a_version_that_does_not_exist(bench: Bench) -> None:
    """The hint names the versions that do."""
    bench.write("cray-hdf5/1.8.0")
    error = bench.refusal(step("load", "cray-hdf5/1.10.9"))
    assert error.hint is not None
    assert error.hint.startswith("did you mean cray-hdf5/1.10.2.0 or cray-hdf5/1.8.0")


def test_a_name_that_begins_differently(bench: Bench) -> None:
    """A slip in the first letters is found among all modules."""
    error = bench.refusal(step("load", "rcay-hdf5"))
    assert error.hint == "did you mean cray-hdf5?"


def test_a_name_that_is_like_no_other(bench: Bench) -> None:
    """Then the hint is the command that searches."""
    error = bench.refusal(step("load", "zzzzzz"))
    assert error.hint == ("module spider zzzzzz" if bench.tool.kind == "lmod" else "module avail zzzzzz")


def test_a_conflict(bench: Bench) -> None:
    """A plain load of a second programming environment is refused by the tool, whose words are quoted."""
    error = bench.refusal(step("load", "PrgEnv-gnu"), baseline=("PrgEnv-intel",))
    assert "load PrgEnv-gnu (site toy: rule r) did not load it" in error.message
    assert "PrgEnv-intel" in error.message.partition(" said: ")[2]
    assert error.hint == "module show PrgEnv-gnu"


def test_a_modulefile_with_an_error(bench: Bench) -> None:
    """What the modulefile's interpreter says is quoted."""
    bench.write("broken/1", "no-such-command here")
    error = bench.refusal(step("load", "broken"))
    assert "no-such-command" in error.message
    assert error.hint == "module show broken"


def test_a_swap_of_what_is_not_loaded(bench: Bench) -> None:
    """Each tool does something else then: it is refused, and choose is named."""
    error = bench.refusal(step("swap", "PrgEnv-gnu", old="PrgEnv-intel"), baseline=("PrgEnv-cray",))
    assert (
        "swap PrgEnv-intel PrgEnv-gnu (site toy: rule r) needs PrgEnv-intel, which is not loaded"
        in error.message
    )
    assert error.hint is not None
    assert "choose" in error.hint
    assert "PrgEnv-cray/6.0.5" in error.hint


def test_a_swap_to_what_does_not_exist(bench: Bench) -> None:
    """The new module is named, not the old one."""
    error = bench.refusal(step("swap", "PrgEnv-gnuu", old="PrgEnv-intel"), baseline=("PrgEnv-intel",))
    assert "swap PrgEnv-intel PrgEnv-gnuu (site toy: rule r) did not load it" in error.message
    assert error.hint is not None
    assert "PrgEnv-gnu" in error.hint


def test_a_family_with_two_members_loaded(bench: Bench) -> None:
    """Which one to replace nobody can know: both are named."""
    error = bench.refusal(step("choose", "PrgEnv-gnu"), baseline=("PrgEnv-intel", "PrgEnv-cray"))
    assert "a family with two members loaded: PrgEnv-intel/6.0.5 and PrgEnv-cray/6.0.5" in error.message


def test_a_family_with_the_wanted_and_another_member_loaded(bench: Bench) -> None:
    """The wanted one being there is not enough."""
    error = bench.refusal(step("choose", "PrgEnv-intel"), baseline=("PrgEnv-intel", "PrgEnv-cray"))
    assert "a family with two members loaded" in error.message


def test_a_choice_that_does_not_exist(bench: Bench) -> None:
    """With a member loaded and with none."""
    for baseline in ((), ("PrgEnv-intel",)):
        error = bench.refusal(step("choose", "PrgEnv-amd"), baseline=baseline)
        assert "choose PrgEnv-amd of PrgEnv (site toy: rule r) did not load it" in error.message


def test_a_baseline_that_the_machine_does_not_have(bench: Bench) -> None:
    """It says where the name comes from."""
    error = bench.refusal(baseline=("cray-hdf5", "PrgEnv-itnel"))
    assert (
        "site toy: modules.baseline names PrgEnv-itnel, which this machine does not have; " in error.message
    )
    assert error.hint is not None
    assert "PrgEnv-intel" in error.hint


def test_a_baseline_that_exists_but_does_not_load(bench: Bench) -> None:
    """Then it is not said to be missing."""
    error = bench.refusal(baseline=("PrgEnv-gnu", "PrgEnv-intel"))
    assert "modules.baseline names PrgEnv-intel, which does not load here; " in error.message


def test_an_unload_that_does_not_take(bench: Bench) -> None:
    """A module that refuses to go is still loaded, so it is an error."""
    if bench.tool.kind == "lmod":
        bench.write("stubborn/1.lua", 'add_property("lmod", "sticky")')
    else:
        bench.write("stubborn/1", "if {[module-info mode remove]} { error {I stay} }")
    error = bench.refusal(step("unload", "stubborn"), baseline=("stubborn",))
    assert "unload stubborn (site toy: rule r) left stubborn/1 loaded" in error.message


def test_a_folder_that_is_not_there(bench: Bench, tmp_path: Path) -> None:
    """The tools take any folder, some without a word."""
    gone = str(tmp_path / "gone")
    error = bench.refusal(step("use", gone))
    assert f"use {gone} (site toy: rule r) names {gone}, which is not a folder here" in error.message
    error = bench.refusal(folders=(gone,))
    assert f"modules.folders names {gone}, which is not a folder here" in error.message


def test_a_forbidden_module(bench: Bench) -> None:
    """It names the module, who forbids it and what brought it."""
    bench.write("meta/1", "module load craype-hugepages2M")
    who = "rule no-hugepages of site toy: Python and huge pages do not work together"
    error = bench.refusal(step("load", "meta"), forbidden=(("craype-hugepages*", who),))
    assert (
        "craype-hugepages2M is loaded at the end, and that is forbidden by rule no-hugepages" in error.message
    )
    assert error.hint is not None
    assert "it came with load meta (site toy: rule r)" in error.hint


def test_a_forbidden_module_of_the_baseline(bench: Bench) -> None:
    """Also where nothing but the baseline brought it."""
    error = bench.refusal(
        baseline=("PrgEnv-gnu", "craype-hugepages2M"), forbidden=(("craype-hugepages*", "rule x"),)
    )
    assert error.hint is not None
    assert "it came with craype-hugepages2M of the baseline" in error.hint


@pytest.mark.parametrize("line", ["", "setenv HDF5_DIR {}"])
def test_a_variable_that_the_modules_do_not_set(bench: Bench, line: str) -> None:
    """Not set and set to nothing are the same: a provider without a root."""
    bench.write("cray-hdf5-parallel/1", line)
    by = "site toy: provider cray-hdf5-parallel of hdf5[mpi]"
    error = bench.refusal(step("load", "cray-hdf5-parallel"), needs=(Need(variable="HDF5_DIR", by=by),))
    assert error.message == f"{by} needs HDF5_DIR, which its modules do not set"


def test_a_program_that_the_modules_do_not_bring(bench: Bench) -> None:
    """A wrapper that is not on the resulting PATH."""
    by = "site toy: provider gnu of compiler"
    error = bench.refusal(step("load", "PrgEnv-gnu"), needs=(Need(program="no-such-cc", by=by),))
    assert error.message == f"{by} needs no-such-cc, which its modules do not put on the PATH"


def test_a_module_that_a_later_one_takes_away(tmp_path: Path) -> None:
    """Lmod swaps members of a family by itself: what was asked for before must not vanish without a word."""
    bench = Bench(lmod(tmp_path), tmp_path)
    for module in ("gcc/1.0", "intel/1.0"):
        bench.write(f"{module}.lua", 'family("compiler")')
    error = bench.refusal(step("load", "gcc"), step("load", "intel"))
    assert "load intel (site toy: rule r) took gcc away, which load gcc (site toy: rule r) had brought" in (
        error.message
    )
    bench.capture(step("load", "gcc"), step("swap", "intel", old="gcc"))
    bench.capture(step("load", "gcc"), step("unload", "gcc"), step("load", "intel"))


def test_the_first_failure_is_the_one_that_is_told(bench: Bench) -> None:
    """What follows from it is not."""
    error = bench.refusal(step("load", "absent-one"), step("load", "absent-two"))
    assert "absent-one" in error.message
    assert "absent-two" not in error.message


def shown(bench: Bench) -> str:
    return {
        "five": "Environment Modules 5.2.0 said:",
        "old": "Environment Modules 3.2.1",
        "lmod": "Lmod 8.6.19 said:",
    }[bench.tool.name]
