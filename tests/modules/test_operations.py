"""What each operation does when all is well, with each tool."""

from __future__ import annotations

from pathlib import Path

import pytest

from pybuild.model.modules import Change, Need
from pybuild.modules.capture import capture
from tests.modules.tools import Bench, lmod, step, values


def test_baseline_then_steps_give_an_environment(bench: Bench) -> None:
    """The design's own example: another programming environment, no hugepages, a library."""
    captured = bench.capture(
        step("choose", "PrgEnv-gnu"), step("unload", "craype-hugepages*"), step("load", "cray-hdf5"),
        baseline=("PrgEnv-intel", "craype-hugepages2M"), path=("/usr/bin", "/bin"),
    )  # fmt: skip
    assert set(captured.loaded) == {"PrgEnv-gnu/6.0.5", "cray-hdf5/1.10.2.0"}
    found = values(captured)
    assert found["PE_ENV"] == "GNU"
    assert found["HDF5_DIR"] == "/opt/hdf5"
    assert found["PATH"] == "/opt/gnu/bin:/usr/bin:/bin"
    assert "HUGETLB_MORECORE" not in found
    assert captured.changes == (
        Change(loaded=("PrgEnv-gnu/6.0.5",), unloaded=("PrgEnv-intel/6.0.5",), variables=("PATH", "PE_ENV")),
        Change(unloaded=("craype-hugepages2M",), variables=("HUGETLB_MORECORE",)),
        Change(loaded=("cray-hdf5/1.10.2.0",), variables=("HDF5_DIR",)),
    )
    assert captured.version.startswith({"five": "5.", "old": "3.2.1", "lmod": "8."}[bench.tool.name])


def test_loading_what_is_loaded_changes_nothing(bench: Bench) -> None:
    """With its version or without."""
    captured = bench.capture(
        step("load", "cray-hdf5"), step("load", "cray-hdf5/1.10.2.0"), baseline=("cray-hdf5",)
    )
    assert captured.loaded == ("cray-hdf5/1.10.2.0",)
    assert captured.changes == (Change(), Change())


def test_a_name_is_not_the_beginning_of_another(bench: Bench) -> None:
    """``cray-hdf5-parallel`` being loaded does not make ``cray-hdf5`` loaded."""
    bench.write("cray-hdf5-parallel/1.10.2.0", "setenv PARALLEL yes")
    captured = bench.capture(step("load", "cray-hdf5"), baseline=("cray-hdf5-parallel",))
    assert captured.changes[0].loaded == ("cray-hdf5/1.10.2.0",)


def test_what_the_init_loaded_is_not_loaded_again(bench: Bench, tmp_path: Path) -> None:
    """A site's own init may load modules, with a version that is not the default."""
    bench.write("cray-hdf5/1.8.0", "setenv HDF5_DIR /opt/hdf5-1.8.0")
    more = tmp_path / "more"
    more.write_text(f"module use {bench.folder}; module load cray-hdf5/1.8.0; set -eu\n")
    captured = bench.capture(init=(bench.tool.init, str(more)), baseline=("cray-hdf5",))
    assert captured.loaded == ("cray-hdf5/1.8.0",)


def test_unload_takes_every_module_that_the_pattern_names(bench: Bench) -> None:
    """By name, by name and version, and by a pattern; none loaded is fine."""
    baseline = ("craype-hugepages2M", "craype-hugepages8M", "cray-hdf5", "PrgEnv-gnu")
    captured = bench.capture(
        step("unload", "craype-hugepages*"), step("unload", "cray-hdf5/1.10.2.0"),
        step("unload", "PrgEnv-gnu"), step("unload", "darshan"), step("unload", "craype-hugepages*"),
        baseline=baseline,
    )  # fmt: skip
    assert captured.loaded == ()
    assert [len(change.unloaded) for change in captured.changes] == [2, 1, 1, 0, 0]


def test_swap_replaces_a_module(bench: Bench) -> None:
    """The old one goes, the new one comes."""
    captured = bench.capture(step("swap", "PrgEnv-gnu", old="PrgEnv-intel"), baseline=("PrgEnv-intel",))
    assert captured.loaded == ("PrgEnv-gnu/6.0.5",)


def test_swap_to_another_version(bench: Bench) -> None:
    """The names are the same, the versions are not."""
    bench.write("cray-hdf5/1.8.0", "setenv HDF5_DIR /opt/hdf5-1.8.0")
    captured = bench.capture(
        step("swap", "cray-hdf5/1.8.0", old="cray-hdf5"), baseline=("cray-hdf5/1.10.2.0",)
    )
    assert captured.loaded == ("cray-hdf5/1.8.0",)


@pytest.mark.parametrize("before", [(), ("PrgEnv-intel",), ("PrgEnv-gnu",), ("PrgEnv-cray",)])
def test_choose_comes_to_the_same_from_everywhere(bench: Bench, before: tuple[str, ...]) -> None:
    """Whatever member is loaded, or none: afterwards it is exactly this one."""
    captured = bench.capture(step("choose", "PrgEnv-gnu"), baseline=before)
    assert captured.loaded == ("PrgEnv-gnu/6.0.5",)
    assert values(captured)["PE_ENV"] == "GNU"


def test_use_brings_a_folder_in_front(bench: Bench, tmp_path: Path) -> None:
    """Also one that is in use already, and then its modules are found first."""
    second, third = tmp_path / "second", tmp_path / "third"
    bench.write("fftw/3", "setenv FFTW second", folder=second)
    bench.write("fftw/3", "setenv FFTW third", folder=third)
    folders = (str(bench.folder), str(second), str(third))
    captured = bench.capture(folders=folders)
    assert values(captured)["MODULEPATH"].split(":")[:3] == list(folders)
    captured = bench.capture(step("use", f"{third}/"), step("load", "fftw"), folders=folders)
    assert values(captured)["MODULEPATH"].split(":")[:3] == [str(third), *folders[:2]]
    assert values(captured)["FFTW"] == "third"
    assert captured.changes[0].variables == ("MODULEPATH",)


def test_needs_and_questions_are_answered_in_the_result(bench: Bench, tmp_path: Path) -> None:
    """A wrapper that a module puts on the PATH answers, with the variables of the modules."""
    wrapper = tmp_path / "bin" / "cc"
    wrapper.parent.mkdir()
    wrapper.write_text('#!/bin/sh\necho "cc for $PE_ENV"\necho second line\n')
    wrapper.chmod(0o755)
    bench.write("craype/2.6", f"prepend-path PATH {wrapper.parent}")
    captured = bench.capture(
        baseline=("PrgEnv-gnu", "craype"),
        needs=(Need(variable="PE_ENV", by="site toy: x"), Need(program="cc", by="site toy: x")),
        questions=(("cc", "--version"), ("no-such-program",), ("module", "list")),
    )
    assert captured.answers == ("cc for GNU", "", "")


def test_a_site_without_a_tool_starts_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment is the one that every shell would begin with."""
    monkeypatch.setattr("pybuild.modules.capture.BASH", str(tmp_path / "nothing"))
    from pybuild.model.modules import ModulePlan

    captured = capture(ModulePlan(site="toy", tool="none", path=("/usr/bin", "/bin")))
    assert captured.environment == (("LC_ALL", "C.UTF-8"), ("PATH", "/usr/bin:/bin"))
    assert captured.loaded == ()
    assert captured.changes == ()


def test_a_hierarchy_opens_with_its_compiler(tmp_path: Path) -> None:
    """Lmod: loading a compiler brings a folder with what it built; another brings another."""
    bench = Bench(lmod(tmp_path), tmp_path)
    for compiler in ("gcc", "intel"):
        inner = tmp_path / f"for-{compiler}"
        bench.write(f"{compiler}/1.0.lua", 'family("compiler")', f'prepend_path("MODULEPATH", "{inner}")')
        bench.write("mpich/4.0.lua", f'setenv("MPI_FOR", "{compiler}")', folder=inner)
    captured = bench.capture(step("load", "gcc"), step("load", "mpich"))
    assert captured.loaded == ("gcc/1.0", "mpich/4.0")
    assert "MODULEPATH" in captured.changes[0].variables
    captured = bench.capture(step("swap", "intel", old="gcc"), baseline=("gcc", "mpich"))
    assert captured.loaded == ("intel/1.0", "mpich/4.0")
    assert values(captured)["MPI_FOR"] == "intel"


def test_lmod_replaces_a_version_and_a_family_by_itself(tmp_path: Path) -> None:
    """Its rule of one name and its families: what is loaded afterwards is what counts."""
    bench = Bench(lmod(tmp_path), tmp_path)
    for module in ("gcc/1.0", "gcc/2.0", "intel/1.0"):
        bench.write(f"{module}.lua", 'family("compiler")')
    captured = bench.capture(step("load", "gcc/1.0"), baseline=("gcc/2.0",))
    assert captured.loaded == ("gcc/1.0",)
    captured = bench.capture(step("load", "intel"), baseline=("gcc/2.0",))
    assert captured.loaded == ("intel/1.0",)
