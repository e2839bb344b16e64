"""A box behaves under a real module tool as the machine does."""

from __future__ import annotations

import os
from pathlib import Path

from pybuild.box.records import BoxedSite
from tests.box.parts import environment, loaded, shell


def test_login_is_the_sites_baseline(cori: BoxedSite, login: dict[str, str]) -> None:
    """After login exactly the modules of the site's baseline are loaded, with its variables."""
    assert sorted(loaded(login)) == sorted(cori.site.modules.baseline)
    assert login["NERSC_HOST"] == "cori"
    assert login["PE_ENV"] == "INTEL"
    assert login["CRAY_CPU_TARGET"] == "haswell"
    assert login["HUGETLB_DEFAULT_PAGE_SIZE"] == "2M"


def test_swapping_the_environment_swaps_the_compiler(gnu: dict[str, str]) -> None:
    """PrgEnv-intel goes with its compiler, PrgEnv-gnu comes with its own; what the user loaded stays."""
    names = loaded(gnu)
    assert gnu["PE_ENV"] == "GNU"
    assert {"PrgEnv-gnu", "gcc", "craype", "cray-mpich", "craype-haswell"} <= set(names)
    assert not {"PrgEnv-intel", "intel"} & set(names)
    assert len(names) == len(set(names))


def test_two_environments_exclude_each_other(cori: BoxedSite) -> None:
    """Environment Modules refuses the second PrgEnv, Lmod puts it in the place of the first."""
    after = environment(cori, "load PrgEnv-gnu")
    environments = [name for name in loaded(after) if name.startswith("PrgEnv-")]
    assert environments == ["PrgEnv-intel" if cori.site.modules.tool == "tcl" else "PrgEnv-gnu"]


def test_cpu_targets_exclude_each_other(cori: BoxedSite) -> None:
    """The same for processors."""
    after = environment(cori, "load craype-mic-knl")
    expected = "haswell" if cori.site.modules.tool == "tcl" else "mic-knl"
    assert after["CRAY_CPU_TARGET"] == expected
    assert len([name for name in loaded(after) if name in ("craype-haswell", "craype-mic-knl")]) == 1


def test_hugepages_go_without_a_trace(login: dict[str, str], gnu: dict[str, str]) -> None:
    """Unloading the module takes all its variables and its part of the link away."""
    assert [name for name in login if name.startswith("HUGETLB")]
    assert not [name for name in gnu if name.startswith("HUGETLB")]
    assert "HUGETLB2M" not in gnu["PE_PRODUCT_LIST"].split(":")


def test_a_name_without_version_means_the_default(cori: BoxedSite) -> None:
    """Two versions of cray-mpich are there; the name alone loads the newer, the other can be asked for."""
    assert environment(cori)["CRAY_MPICH_VERSION"] == "7.7.10"
    after = environment(cori, "swap cray-mpich cray-mpich/7.7.6")
    assert after["CRAY_MPICH_VERSION"] == "7.7.6"


def test_python_modules_bring_a_python_and_its_variables(cori: BoxedSite) -> None:
    """A Python module changes PATH, PYTHONSTARTUP and PYTHONUSERBASE, as NERSC's did."""
    after = environment(cori, "load python/3.7-anaconda-2019.07")
    assert after["PATH"].split(":")[0].endswith("opt/python/3.7-anaconda-2019.07/bin")
    assert os.path.isfile(after["PYTHONSTARTUP"])
    assert after["PYTHONUSERBASE"].endswith(".local/cori/3.7-anaconda-2019.07")


def test_a_python_that_is_not_here_refuses_to_work(cori: BoxedSite, tmp_path: Path) -> None:
    """The module says which Python it has, but nothing runs with another version in its place."""
    script = "module load python/2.7-anaconda-2019.07 2>/dev/null; python --version; python -c 'print(1)'"
    ended = shell(cori, script, tmp_path)
    assert ended.out.startswith("Python 2.7")
    assert ended.code == 1
    assert "no Python 2.7" in ended.err
    assert any("no Python 2.7" in note for note in cori.notes)
