"""load/probe.py and load/draft.py: what a machine shows becomes a site file that is valid as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from pybuild.errors import UsageError
from pybuild.load.draft import draft
from pybuild.load.lint import lint_site, site_warnings
from pybuild.load.sites import load_site
from pybuild.model.modules import Operation
from pybuild.model.providers import Provider
from pybuild.model.site import Site

TODAY = "2026-11-22"
CRAY = {
    "NERSC_HOST": "tori",
    "DB_HOST": "10.0.0.1",
    "MODULEPATH": "/opt/cray/modulefiles:/opt/modulefiles:/opt/cray/modulefiles",
    "LOADEDMODULES": "modules/3.2.11.4:craype-network-aries:PrgEnv-intel/6.0.5:craype-haswell:"
    "cray-mpich/7.7.10:craype-hugepages2M:darshan/3.1.7:altd/2.0:python/3.7-anaconda-2019.07:cray-hdf5-parallel/1.10.5.2",
    "INTEL_VERSION": "19.0.3.199",
    "CRAYPE_VERSION": "2.6.2",
    "CRAY_MPICH2_DIR": "/opt/cray/pe/mpt",
    "HDF5_DIR": "/opt/cray/pe/hdf5",
}


class Machine:
    """A folder of programs, and the site that is drafted where these are on the PATH."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.folder = folder

    def program(self, name: str, says: str = "") -> str:
        path = self.bin / name
        path.write_text(f"#!/bin/sh\necho '{says}'\n")
        path.chmod(0o755)
        return str(path)

    def text(self, environ: dict[str, str], hostname: str = "tori07", name: str | None = None) -> str:
        return draft({"PATH": str(self.bin), **environ}, hostname, name, today=TODAY)[1]

    def site(self, environ: dict[str, str], hostname: str = "tori07", name: str | None = None) -> Site:
        called, text = draft({"PATH": str(self.bin), **environ}, hostname, name, today=TODAY)
        file = self.folder / f"{called}.yaml"
        file.write_text(text)
        site = load_site(str(file))
        assert lint_site(site) == ()
        warned = site_warnings(site, today=TODAY, recipes=("mpi4py",))
        assert [text for text in warned if "nothing can be proven on a compute node" not in text] == []
        return site


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def provider(site: Site, virtual: str) -> Provider:
    return next(one.providers[0] for one in site.virtuals if one.name == virtual)


def test_a_cray(machine: Machine, tmp_path: Path) -> None:
    """Modules, programming environment, wrappers, MPI, HDF5, launcher and rules of an XC, without a slip."""
    (tmp_path / "init").mkdir()
    (tmp_path / "init" / "bash").touch()
    for name in ("cc", "srun", "salloc", "sbatch"):
        machine.program(name)
    site = machine.site({**CRAY, "MODULESHOME": str(tmp_path)})
    assert (site.name, site.detect.env) == ("tori", (("NERSC_HOST", "tori"),))
    assert [(node.kind, node.hostname, node.variables) for node in site.nodes] == [
        ("login", "tori[0-9]+", ()), ("compute", "", ("SLURM_JOB_ID",)),
    ]  # fmt: skip
    modules = site.modules
    assert (modules.tool, modules.init) == ("tcl", (f"{tmp_path}/init/bash",))
    assert modules.folders == ("/opt/cray/modulefiles", "/opt/modulefiles")
    assert modules.baseline[:4] == ("modules", "craype-network-aries", "PrgEnv-intel", "craype-haswell")
    assert dict(modules.families)["cpu"] == ("craype-haswell",)
    choose = Operation(kind="choose", module="PrgEnv-intel", family="PrgEnv")
    assert provider(site, "compiler").modules == (choose,)
    assert "env.INTEL_VERSION" in provider(site, "compiler").identity
    assert dict(provider(site, "mpi").fields)["root"] == "${{ env.CRAY_MPICH2_DIR }}"
    assert dict(provider(site, "hdf5[mpi]").fields)["root"] == "${{ env.HDF5_DIR }}"
    assert [(rule.name, rule.forbid) for rule in site.rules] == [
        ("no-hugepages", ("craype-hugepages*",)), ("no-tracking", ()),
    ]  # fmt: skip
    assert [one.name for one in site.libraries] == ["libhugetlbfs", "libdarshan", "libaltd"]
    assert [(one.module, one.python) for one in site.python_modules] == [
        ("python/3.7-anaconda-2019.07", "3.7")
    ]
    assert site.launcher is not None
    assert (site.launcher.ranks[0], site.launcher.ask[0], site.launcher.inside) == (
        "srun", "salloc", "SLURM_JOB_ID",
    )  # fmt: skip


def test_every_guess_says_what_it_was_drawn_from(machine: Machine) -> None:
    """The versions, the variables and the programs that were seen stand beside what was made of them."""
    machine.program("srun")
    text = machine.text({**CRAY, "MODULESHOME": "/opt/modules/default"})
    for shown in (
        "tool: tcl  # MODULESHOME is /opt/modules/default",
        "init: [/opt/modules/default/init/bash]  # WAS NOT FOUND",
        "- PrgEnv-intel  # PrgEnv-intel/6.0.5",
        "name: no-hugepages  # craype-hugepages2M is loaded",
        'root: "${{ env.HDF5_DIR }}", soname: libhdf5}  # HDF5_DIR is set here',
        f"# {machine.bin}/srun is on the PATH",
    ):
        assert shown in text, text


def test_a_cluster_with_lmod(machine: Machine) -> None:
    """Lmod's own variables are used; a compiler and an MPI that are modules are loaded; mpicc is asked."""
    machine.program("mpicc", "gcc -I/opt/ompi/include -L/opt/ompi/lib -lmpi_cxx -lmpi")
    for name in ("gcc", "mpicxx", "ibrun"):
        machine.program(name)
    environ = {
        "LMOD_SYSTEM_NAME": "stampede9",
        "LMOD_CMD": "/opt/lmod/libexec/lmod",
        "LMOD_DEFAULT_MODULEPATH": "/opt/core",
        "MODULEPATH": "/opt/openmpi-tree:/opt/core",
        "LOADEDMODULES": "gcc/12.2:openmpi/4.1",
    }
    site = machine.site(environ, "login2.cluster.example")
    assert site.detect.env == (("LMOD_SYSTEM_NAME", "stampede9"),)
    assert (site.modules.tool, site.modules.init) == ("lmod", ("/opt/lmod/init/bash",))
    assert site.modules.folders == ("/opt/core",)
    assert provider(site, "compiler").modules == (Operation(kind="load", module="gcc/12.2"),)
    assert dict(provider(site, "mpi").fields)["soname"] == "libmpi"
    assert "mpicc -show says: gcc -I/opt/ompi/include" in machine.text(environ)
    assert site.nodes[0].hostname == r"login[0-9]+\.cluster\.example"
    assert site.launcher is not None
    assert site.launcher.ranks[0] == "ibrun"


def test_a_machine_with_nothing(machine: Machine) -> None:
    """No modules, no MPI, no launcher: our own MPI, proven by linking; detected by the host name."""
    site = machine.site({}, "Desk-3.home")
    assert (site.name, site.detect.hostname) == ("desk", r"Desk-[0-9]+\.home")
    assert (site.modules.tool, site.verify, site.launcher, site.nodes) == ("none", "linked", None, ())
    assert provider(site, "mpi").recipe == "mpich"


def test_inside_a_job_the_host_is_a_compute_node(machine: Machine) -> None:
    """What is probed in a job does not pass for a login node."""
    machine.program("srun")
    (node,) = machine.site({"SLURM_JOB_ID": "7"}, "nid00012").nodes
    assert (node.kind, node.hostname, node.variables) == ("compute", "nid[0-9]+", ("SLURM_JOB_ID",))


HOSTILE = "x\x1b[31m: {y}\n# $(touch z) \"'${{ mpi.cc }}\t" + "long" * 99


def test_nothing_in_the_environment_can_break_the_draft(machine: Machine) -> None:
    """Names and values with quotes, newlines, colours and YAML of their own end up as text or not at all."""
    machine.program("mpicc", HOSTILE.replace("'", ""))
    machine.program("srun")
    hostile = {
        "LMOD_CMD": f"/opt/{HOSTILE}",
        "MODULESHOME": HOSTILE,
        "MODULEPATH": f"/a/{HOSTILE}:/b",
        "LOADEDMODULES": f"{HOSTILE}:PrgEnv-{HOSTILE}/1:gcc/{HOSTILE}:python/3.9:yes/1:gcc/1:gcc/2",
        "A_HOST": HOSTILE,
        "B_HOST": "no",
    }
    text = machine.text(hostile, HOSTILE, "fine")
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) < 600
    site = machine.site(hostile, HOSTILE, "fine")
    assert site.detect.env == (("B_HOST", "no"),)
    assert {"yes", "gcc", "python"} <= set(site.modules.baseline)


@pytest.mark.parametrize("name", ["Cori", "a b", "a--b", "../x", ""])
def test_a_name_that_no_site_can_have(machine: Machine, name: str) -> None:
    """It is refused before anything is printed; an empty one is none."""
    if not name:
        assert draft({"PATH": ""}, "node7", name, today=TODAY)[0] == "node"
        return
    with pytest.raises(UsageError, match="a site cannot be called"):
        machine.text({}, name=name)
