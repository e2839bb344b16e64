"""Checks of a shell: modules, variables, programs; each with what is right beside what is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from pybuild.checkup.modules import activation, forbidden_modules, other_modules, unknown_cray
from pybuild.checkup.programs import missing_programs, mpi_in_the_way
from pybuild.checkup.state import Prefix, Shell, read_prefix
from pybuild.checkup.variables import foreign_variables
from pybuild.model.finding import Finding
from pybuild.model.launcher import Launcher
from pybuild.model.modules import ModulePlan, ModuleStep, Operation
from pybuild.model.providers import Provider, Virtual
from pybuild.model.pythons import ForeignVariable
from pybuild.model.rules import Rule
from pybuild.model.site import Modules, Site
from pybuild.plan.running import Running, merged
from tests.activation.parts import installed, package
from tests.plan.cray import NO_HUGEPAGES, choose, cray
from tests.prefix.prefixes import make_prefix, noted

PREFIX = "/srv/env"
PLAIN = Site(name="generic", summary="")


def shell(site: Site, *loaded: str, named: bool = False, **environ: str) -> Shell:
    return Shell(site=site, named=named, environ={"LOADEDMODULES": ":".join(loaded), **environ})


def running(**more: Any) -> Running:
    """Return what a package runs with that was built with PrgEnv-gnu and cray-mpich."""
    steps = (
        ModuleStep(
            operation=choose("PrgEnv-gnu"), members=("PrgEnv-*",), by="site c: provider gnu", why="it"
        ),
        ModuleStep(operation=Operation(kind="load", module="cray-mpich"), by="site c: provider", why="mpi"),
        ModuleStep(
            operation=Operation(kind="unload", module="craype-hugepages*"), by="site c: rule h", why="breaks"
        ),
    )
    plan = ModulePlan(site="c", tool="tcl", steps=steps, **more)
    return merged(PREFIX, [installed(package(plan))], conda=False)


def told(found: Iterable[Finding]) -> list[tuple[str, str]]:
    """Return level and cure of each finding."""
    return [(one.level, one.cure) for one in found]


@pytest.mark.parametrize(
    ("site", "named", "loaded", "wrong"),
    [
        (PLAIN, False, ("PrgEnv-gnu/8.5.0",), True),
        (PLAIN, False, ("craype-x86-milan",), True),
        (PLAIN, True, ("PrgEnv-gnu/8.5.0",), False),  # somebody wanted it so
        (PLAIN, False, ("gcc/12", "openmpi/4.1"), False),
        (cray(), False, ("PrgEnv-gnu/8.5.0",), False),
    ],
)
def test_a_cray_that_no_site_knows(site: Site, named: bool, loaded: tuple[str, ...], wrong: bool) -> None:
    """A Cray's modules and the site for machines without any do not go together."""
    found = list(unknown_cray(shell(site, *loaded, named=named)))
    assert [one.level for one in found] == ["wrong"] * wrong


def test_another_programming_environment_than_that_of_the_packages() -> None:
    """Named with both; what is only missing is a note until the prefix is activated."""
    both = ("PrgEnv-gnu/8", "cray-mpich/8")
    assert not list(other_modules(shell(cray(), *both), running()))
    (one,) = other_modules(shell(cray(), "PrgEnv-intel/6", "cray-mpich/8", SHELL="/bin/tcsh"), running())
    assert one.what.startswith("PrgEnv-intel/6 is loaded")
    assert (one.level, one.cure) == ("wrong", f"source {PREFIX}/etc/pybuild/activate.csh")
    active = shell(cray(), "PrgEnv-intel/6", "cray-mpich/8", CONDA_PREFIX=PREFIX)
    assert told(other_modules(active, running())) == [("wrong", "module swap PrgEnv-intel/6 PrgEnv-gnu")]
    assert told(other_modules(shell(cray()), running())) == [("note", f". {PREFIX}/etc/pybuild/activate.sh")]
    bare = shell(cray(), CONDA_PREFIX=PREFIX)
    assert told(other_modules(bare, running())) == [("wrong", "module load PrgEnv-gnu cray-mpich")]


def test_modules_that_a_rule_forbids() -> None:
    """Wrong where the packages run, a note where only builds are meant, which pybuild keeps clean itself."""
    pages = shell(cray(), "craype-hugepages2M")
    active = shell(cray(), "craype-hugepages2M", CONDA_PREFIX=PREFIX)
    assert told(forbidden_modules(active, running())) == [("wrong", "module unload craype-hugepages2M")]
    assert told(forbidden_modules(pages, None)) == [("note", "module unload craype-hugepages2M")]
    assert not list(forbidden_modules(shell(cray(), "PrgEnv-gnu/8"), running()))
    darshan = Rule(
        name="no-tracking",
        modules=(Operation(kind="unload", module="darshan"),),
        reason="in the way",
        source="",
    )
    site = cray(rules=(NO_HUGEPAGES, darshan))
    (one,) = forbidden_modules(shell(site, "darshan/3.2"), running())
    assert (one.level, one.why) == ("note", "in the way")
    (one,) = forbidden_modules(
        shell(cray(rules=()), "gpu/1", CONDA_PREFIX=PREFIX),
        running(forbidden=(("gpu", "rule no-gpu: breaks"),)),
    )
    assert (one.level, one.why) == ("wrong", "rule no-gpu: breaks")


@pytest.mark.parametrize(
    ("name", "shown"),
    [("bash", ". /p/etc/pybuild/activate.sh"), ("fish", "source /p/etc/pybuild/activate.fish")],
)
def test_activation_is_in_the_language_of_the_shell(name: str, shown: str) -> None:
    """As docs/activation.md has it."""
    assert activation("/p", {"SHELL": f"/usr/bin/{name}"}) == shown


def test_variables_that_bring_another_python() -> None:
    """Wrong where the site would refuse to install, a note where it warns or removes them itself."""
    variables = tuple(
        ForeignVariable(name=name, action=action, reason="foreign")  # type: ignore[arg-type]
        for name, action in (("PYTHONPATH", "refuse"), ("PYTHONUSERBASE", "warn"), ("PYTHONSTARTUP", "clear"))
    )
    site = Site(name="hill", summary="", python_variables=variables)
    environ = {"PYTHONPATH": "/a", "PYTHONUSERBASE": "/b", "PYTHONSTARTUP": "/c"}
    assert told(foreign_variables(shell(site, **environ), PREFIX)) == [
        ("wrong", "unset PYTHONPATH"), ("note", "unset PYTHONUSERBASE"), ("note", "unset PYTHONSTARTUP"),
    ]  # fmt: skip
    assert not list(foreign_variables(shell(site), PREFIX))
    assert not list(foreign_variables(shell(PLAIN, **environ), PREFIX))


def hill(tmp_path: Path, **changes: Any) -> Site:
    """Return a site whose compiler, module tool and launcher are in a folder."""
    programs = (("cc", ("hillcc",)),)
    given: dict[str, Any] = {
        "path": (str(tmp_path / "bin"),),
        "virtuals": (
            Virtual(name="compiler", providers=(Provider(name="system", where="shell", programs=programs),)),
        ),
        "modules": Modules(tool="lmod", init=(str(tmp_path / "init"),)),
        "launcher": Launcher(ranks=("hillrun", "-n", "${{ ranks }}"), submit=("hillsub",)),
        **changes,
    }
    return Site(name="hill", summary="", **given)


def program(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\necho hill 1.0\n")
    path.chmod(0o755)
    return path


def test_what_the_site_needs_is_not_there(tmp_path: Path) -> None:
    """Module tool, compiler, launcher and what takes jobs; nothing where all of them are."""
    site, path = hill(tmp_path), {"PATH": str(tmp_path / "bin")}
    found = list(missing_programs(shell(site, **path), ""))
    assert [one.level for one in found] == ["wrong", "wrong", "wrong", "note"]
    for one, word in zip(found, ("init", "hillcc", "hillrun", "hillsub"), strict=True):
        assert word in one.what
    (tmp_path / "init").write_text("")
    for name in ("hillcc", "hillrun", "hillsub"):
        program(tmp_path / "bin", name)
    assert not list(missing_programs(shell(site, **path), ""))


def test_what_is_installed_or_comes_with_modules_need_not_be_there(tmp_path: Path) -> None:
    """A recipe can always provide; a launcher that the provider names comes with it."""
    providers = (
        Provider(name="wrapper", where="shell", programs=(("cc", ("hillcc",)),)),
        Provider(name="mpich", where="recipe", recipe="mpich"),
    )
    launcher = Launcher(ranks=("${{ mpi.mpiexec }}", "-n", "${{ ranks }}"))
    virtuals = (Virtual(name="mpi", providers=providers),)
    site = hill(tmp_path, virtuals=virtuals, modules=Modules(), launcher=launcher)
    assert not list(missing_programs(shell(site, PATH=str(tmp_path)), ""))


def bound(prefix: Path, identity: str, *records: str) -> Prefix:
    """Return a prefix with a package that is bound to an MPI."""
    make_prefix(prefix, *records)
    noted(prefix, identity=[["mpi", identity]])
    return read_prefix(prefix)


def test_an_mpi_of_conda_is_first_on_the_path(tmp_path: Path) -> None:
    """Wrong where the packages use the site's; not where the site's comes first."""
    machine, conda = program(tmp_path / "usr/bin", "mpiexec"), program(tmp_path / "conda/bin", "mpiexec")
    (tmp_path / "conda/conda-meta").mkdir()
    prefix = bound(tmp_path / "p", "/usr/bin/mpicc: gcc; 4.1")
    both = {"PATH": f"{conda.parent}:{machine.parent}", "CONDA_PREFIX": str(tmp_path / "conda")}
    (one,) = mpi_in_the_way(shell(hill(tmp_path), **both), prefix)
    assert (one.level, one.cure) == ("wrong", "conda deactivate")
    assert str(tmp_path / "conda") in one.what
    (one,) = mpi_in_the_way(shell(hill(tmp_path), PATH=both["PATH"]), prefix)
    assert one.cure == f"export PATH={machine.parent}"
    inside = program(tmp_path / "p/bin", "mpiexec")
    (one,) = mpi_in_the_way(shell(hill(tmp_path), PATH=f"{inside.parent}:{machine.parent}"), prefix)
    assert one.cure == f"{machine} instead of mpiexec"
    for path in (f"{machine.parent}:{conda.parent}", "/nowhere"):
        assert not list(mpi_in_the_way(shell(hill(tmp_path), PATH=path), prefix))


def test_an_mpi_of_pip_is_first_on_the_path(tmp_path: Path) -> None:
    """In a virtual environment, or in the user's own folder."""
    prefix = bound(tmp_path / "p", "cray-mpich 8.1")
    environment = program(tmp_path / "venv/bin", "mpicc")
    (tmp_path / "venv/pyvenv.cfg").write_text("")
    venv = shell(hill(tmp_path), PATH=str(environment.parent), VIRTUAL_ENV=str(tmp_path / "venv"))
    assert told(mpi_in_the_way(venv, prefix)) == [("wrong", "deactivate")]
    user = program(tmp_path / ".local/bin", "mpirun")
    home = shell(hill(tmp_path), PATH=str(user.parent), HOME=str(tmp_path))
    assert [one.level for one in mpi_in_the_way(home, prefix)] == ["wrong"]


def test_the_mpi_of_the_packages_is_in_the_prefix(tmp_path: Path) -> None:
    """Then another one is in the way, which activation mends; its own is not."""
    prefix = tmp_path / "p"
    make_prefix(prefix)
    noted(prefix, name="mpich", version="4.3", build="py311_here_hab_0")
    noted(prefix, identity=[["mpi", "mpich 4.3 py311_here_hab_0"]])
    state = read_prefix(prefix)
    machine, own = program(tmp_path / "usr/bin", "mpiexec"), program(prefix / "bin", "mpiexec")
    (one,) = mpi_in_the_way(shell(hill(tmp_path), PATH=f"{machine.parent}:{own.parent}"), state)
    assert (one.level, one.cure) == ("note", f". {prefix}/etc/pybuild/activate.sh")
    assert not list(mpi_in_the_way(shell(hill(tmp_path), PATH=f"{own.parent}:{machine.parent}"), state))


def test_without_a_prefix_the_path_decides_what_is_built_with(tmp_path: Path) -> None:
    """A site that takes the MPI of the PATH would take conda's; one with modules would not."""
    conda = program(tmp_path / "conda/bin", "mpicc")
    (tmp_path / "conda/conda-meta").mkdir()
    wrapper = Provider(name="wrapper", where="shell", programs=(("cc", ("mpicc",)),))
    site = hill(tmp_path, virtuals=(Virtual(name="mpi", providers=(wrapper,)),))
    assert [one.level for one in mpi_in_the_way(shell(site, PATH=str(conda.parent)), None)] == ["note"]
    assert not list(mpi_in_the_way(shell(cray(), PATH=str(conda.parent)), None))
