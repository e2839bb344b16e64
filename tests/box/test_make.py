"""What a box is made of, and what is refused."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pybuild.box.derive import derive_modules
from pybuild.box.layout import Layout
from pybuild.box.make import make_box
from pybuild.box.records import BoxModule, Libraries
from pybuild.errors import PybuildError, UsageError
from pybuild.model.modules import ModulePlan, ModuleStep, Operation, Tool
from pybuild.model.providers import Provider, Virtual
from pybuild.model.pythons import PythonModule
from pybuild.model.rules import Rule
from pybuild.model.site import Modules, Site
from pybuild.modules.capture import capture
from pybuild.process import capture as run
from pybuild.runpath import read_dynamic
from pybuild.verify.extension import matches
from tests.box.parts import CLEAN, MPI_PROGRAM, TOOLS, environment, full_box, init_of, loaded, mpich

SMALL = Site(name="small", summary="small", modules=Modules(tool="tcl", baseline=("gcc",)))


def derived(given: Site, hdf5: str = "", serial: str = "") -> dict[str, BoxModule]:
    """Return the modules of a site's box by full name."""
    layout = Layout(folder="/box", hdf5=hdf5, serial_hdf5=serial)
    return {one.full(): one for one in derive_modules(given, layout)}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (replace(SMALL, abstract=True), "only there to be extended"),
        (replace(SMALL, modules=Modules()), "has no module tool"),
    ],
)
def test_some_sites_cannot_be_boxed(given: Site, words: str, tmp_path: Path) -> None:
    """Nothing to imitate, said in one sentence; nothing is written."""
    with pytest.raises(UsageError, match=words):
        make_box(given, str(tmp_path / "box"), tool="tcl", init="/init")
    assert not (tmp_path / "box").exists()


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    """A box is made in a new folder, never over something."""
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(UsageError, match="is not empty"):
        make_box(SMALL, str(tmp_path), tool="tcl", init="/init")
    assert os.listdir(tmp_path) == ["mine"]


@pytest.mark.parametrize("letter", " :$'")
def test_a_folder_with_an_odd_name_is_refused(letter: str, tmp_path: Path) -> None:
    """Search paths and options cannot hold such names."""
    with pytest.raises(UsageError, match="compilers and module tools do not take"):
        make_box(SMALL, str(tmp_path / f"a{letter}b"), tool="tcl", init="/init")


def test_libraries_that_are_not_there_are_named(tmp_path: Path) -> None:
    """A wrong folder is an error with its path, not an empty box."""
    wrong = Libraries(include=str(tmp_path / "none"), folders=())
    with pytest.raises(PybuildError, match="none: does not exist"):
        make_box(SMALL, str(tmp_path / "box"), tool="tcl", init="/init", mpi=wrong)


def test_everything_that_a_site_names_is_there() -> None:
    """Modules of the baseline, of operations and of patterns, in the versions that are named, and others."""
    named = derived(
        replace(
            SMALL,
            modules=Modules(tool="tcl", baseline=("PrgEnv-gnu", "craype-haswell", "cray-mpich/7.7.0")),
            rules=(
                Rule(
                    name="r", reason="r", source="r", forbid=("craype-hugepages*",),
                    modules=(Operation(kind="unload", module="xalt*"), Operation(kind="load", module="x/2")),
                ),
            ),
            python_modules=(PythonModule(module="python/3.7-a", python="3.7"),),
        )
    )  # fmt: skip
    assert {"PrgEnv-gnu/6.0.5", "PrgEnv-intel/6.0.5", "PrgEnv-cray/6.0.5"} <= set(named)
    assert {"craype-haswell", "craype-mic-knl", "craype-hugepages2M", "craype-hugepages4M"} <= set(named)
    assert {"xalt/1.0", "x/2", "python/3.7-a", "gcc/8.3.0", "cce/9.1.0"} <= set(named)
    assert named["cray-mpich/7.7.0"].default
    assert not named["cray-mpich/7.7.6"].default
    assert "craype-hugepages4M" in named["craype-hugepages2M"].rivals


def test_an_environment_brings_mpi_only_where_nothing_else_does() -> None:
    """On Cray EX the PrgEnv modules load cray-mpich; on Cori the login does."""
    bare = replace(SMALL, modules=Modules(tool="tcl", baseline=("PrgEnv-gnu",)))
    full = replace(SMALL, modules=Modules(tool="tcl", baseline=("PrgEnv-gnu", "cray-mpich")))
    assert "cray-mpich" in derived(bare)["PrgEnv-gnu/6.0.5"].loads
    assert "cray-mpich" not in derived(full)["PrgEnv-gnu/6.0.5"].loads


def test_every_variable_of_a_template_is_set_by_a_module_of_its_user() -> None:
    """Two providers that use one variable each get it from their own module."""
    providers = {
        "hdf5[mpi]": Provider(
            name="p", where="site", fields=(("root", "${{ env.EBROOTHDF5 }}"),),
            modules=(Operation(kind="load", module="hdf5-mpi"),),
        ),
        "hdf5": Provider(
            name="s", where="site", fields=(("root", "${{ env.EBROOTHDF5 }}"),),
            identity="${{ env.EBVERSIONHDF5 }}",
            modules=(Operation(kind="load", module="hdf5"),),
        ),
    }  # fmt: skip
    virtuals = tuple(Virtual(name=name, providers=(one,)) for name, one in providers.items())
    modules = derived(replace(SMALL, virtuals=virtuals), hdf5="/parallel", serial="/serial")
    assert dict(modules["hdf5-mpi/1.0"].sets)["EBROOTHDF5"] == "/parallel"
    assert dict(modules["hdf5/1.0"].sets)["EBROOTHDF5"] == "/serial"
    assert dict(modules["hdf5/1.0"].sets)["EBVERSIONHDF5"] == "1.0"


def test_a_python_that_is_given_is_the_modules_own(tmp_path: Path) -> None:
    """Tests and admins may bring an interpreter of the version that the machine had."""
    wanted = PythonModule(module="python/2.7-x", python="2.7")
    box = make_box(
        replace(SMALL, python_modules=(wanted,)), str(tmp_path / "box"),
        tool="tcl", init="/init", pythons={"2.7": sys.executable},
    )  # fmt: skip
    program = Path(box.folder, "opt/python/2.7-x/bin/python2.7")
    assert program.resolve() == Path(sys.executable).resolve()
    assert box.notes == ()


@pytest.mark.parametrize("tool", TOOLS)
def test_folders_that_a_site_adds_are_in_the_box(tool: Tool, tmp_path: Path) -> None:
    """``use`` points into the box and finds its modules there."""
    more = Provider(
        name="m", where="site",
        modules=(Operation(kind="use", module="/opt/more"), Operation(kind="load", module="extra")),
    )  # fmt: skip
    given = replace(SMALL, virtuals=(Virtual(name="mpi", providers=(more,)),))
    box = make_box(given, str(tmp_path / "box"), tool=tool, init=init_of(tool, tmp_path))
    done = box.site.virtuals[0].providers[0].modules
    assert done[0].module == f"{box.folder}/use/opt/more"
    steps = tuple(ModuleStep(operation=one, by="a test", why="a test") for one in done)
    plan = ModulePlan(
        site="small", tool=tool, init=box.site.modules.init, path=box.site.path,
        folders=box.site.modules.folders, baseline=box.site.modules.baseline, steps=steps,
    )  # fmt: skip
    assert capture(plan).loaded == ("gcc/8.3.0", "extra/1.0")


def test_a_library_gets_the_name_that_the_site_expects(tmp_path: Path) -> None:
    """On Cray EX a check looks for libmpi: the box's MPICH answers to that, and everything still runs."""
    box = full_box("frontier", "tcl", tmp_path)
    soname = dict(next(one for one in box.site.virtuals if one.name == "mpi").providers[0].fields)["soname"]
    environ = environment(box)
    assert "PrgEnv-gnu" in loaded(environ) or "PrgEnv-cray" in loaded(environ)
    (tmp_path / "mpi.c").write_text(MPI_PROGRAM)
    ended = run(("/usr/bin/env", "cc", "mpi.c", "-o", "mpi"), env=environ, cwd=str(tmp_path))
    assert ended.code == 0, ended.err
    names = [name for name in read_dynamic(tmp_path / "mpi").needed if name.startswith("libmpi")]
    assert [matches(name, soname) for name in names if "gtl" not in name] == [True]
    ended = run(
        (f"{box.site.path[0]}/mpiexec", "-n", "2", str(tmp_path / "mpi")), env=CLEAN, cwd=str(tmp_path)
    )
    assert sorted(ended.out.splitlines()) == ["rank 0 of 2", "rank 1 of 2"], ended.err


def test_the_gpu_transport_layer_comes_with_the_accelerator(tmp_path: Path) -> None:
    """With a module of an accelerator, or -target-accel, the layer's library is linked; without it is not."""
    box = full_box("perlmutter", "tcl", tmp_path)
    (tmp_path / "plain.c").write_text("int nothing;\n")
    found = {}
    for name, operation, option in (
        ("with", "load craype-accel-nvidia80", ()),
        ("without", "unload craype-accel-nvidia80", ()),
        ("option", "unload craype-accel-nvidia80", ("-target-accel=nvidia80",)),
    ):
        argv = ("/usr/bin/env", "cc", *option, "-shared", "-fPIC", "plain.c", "-o", f"{name}.so")
        ended = run(argv, env=environment(box, operation), cwd=str(tmp_path))
        assert ended.code == 0, ended.err
        found[name] = "libmpi_gtl_cuda.so.0" in read_dynamic(tmp_path / f"{name}.so").needed
    assert found == {"with": True, "without": False, "option": True}


def test_other_machines_have_mpicc(tmp_path: Path) -> None:
    """Where the site names mpicc, the MPI module brings one that links the box's MPI."""
    mpi = Provider(
        name="openmpi", where="site", fields=(("cc", "mpicc"), ("soname", "libmpi")),
        modules=(Operation(kind="load", module="openmpi"),),
    )  # fmt: skip
    given = replace(SMALL, virtuals=(Virtual(name="mpi", providers=(mpi,)),))
    box = make_box(given, str(tmp_path / "box"), tool="tcl", init=init_of("tcl", tmp_path), mpi=mpich())
    (tmp_path / "mpi.c").write_text(MPI_PROGRAM)
    assert run(("/usr/bin/env", "mpicc", "-show"), env=environment(box)).code == 127
    environ = environment(box, "load openmpi")
    ended = run(("/usr/bin/env", "mpicc", "mpi.c", "-o", "mpi"), env=environ, cwd=str(tmp_path))
    assert ended.code == 0, ended.err
    assert read_dynamic(tmp_path / "mpi").needed[0] == "libmpi.so.12"


def test_a_compiler_goes_with_its_environment_even_if_loaded_before_it(tmp_path: Path) -> None:
    """Environment Modules 5 keeps what was loaded by hand; on a Cray the compiler changes all the same."""
    given = replace(SMALL, modules=Modules(tool="tcl", baseline=("intel", "PrgEnv-intel")))
    box = make_box(given, str(tmp_path / "box"), tool="tcl", init=init_of("tcl", tmp_path))
    names = loaded(environment(box, "swap PrgEnv-intel PrgEnv-gnu"))
    assert "gcc" in names
    assert "intel" not in names
