"""What links or runs wrongly is refused by name: nothing of it reaches channel or prefix."""

from __future__ import annotations

import pytest

from tests.end_to_end import toys
from tests.end_to_end.project import Project


def test_extension_without_mpi(peopled: Project) -> None:
    """An extension that links no MPI never reaches channel or prefix: exit code 11, both by name."""
    core = '#include <Python.h>\nstatic struct PyModuleDef m = {PyModuleDef_HEAD_INIT, "_core", 0, -1, 0};\n'
    core += "PyMODINIT_FUNC PyInit__core(void) { return PyModule_Create(&m); }\n"
    source = toys.sdist("toyext", "3.0", {"core.c": core})
    peopled.serve(source)
    peopled.recipe("toyext", toys.extension_recipe(source, cc="gcc", ld="gcc -shared"))
    _refused(peopled, "libmpi")


def test_extension_with_another_mpi(peopled: Project) -> None:
    """An extension that links a library of the right name and the wrong place is refused by that place."""
    toys.mpi_wheel("othermpi", peopled.root / "other")
    (peopled.root / "other/mpi.h").write_text(toys.HEADER)
    source = toys.sdist("toyext", "3.0")
    peopled.serve(source)
    folder = peopled.root / "other"
    linker = peopled.root / "linker"
    linker.write_text(f'#!/bin/sh\nexec gcc -shared "$@" -L{folder} -Wl,-rpath,{folder} -l:libmpi.so.12\n')
    linker.chmod(0o755)
    peopled.recipe("toyext", toys.extension_recipe(source, cc=f"gcc -I{folder}", ld=str(linker)))
    _refused(peopled, str(folder / "libmpi.so.12"))


def _refused(project: Project, named: str) -> None:
    before = {path.name for path in project.channel.rglob("*.conda")}
    outcome = project.install("toyext")
    assert outcome.code == 11, outcome.err
    assert named in outcome.err
    assert "toyext/_core" in outcome.err or "toyext._core" in outcome.err
    assert {path.name for path in project.channel.rglob("*.conda")} == before
    assert project.imports("toyext") == ""
    assert list(project.prefix.glob("conda-meta/toyext-*")) == []
    assert not (project.prefix / "conda-meta/pybuild/toyext.json").exists()


@pytest.fixture
def singletons(peopled: Project) -> Project:
    """A site whose MPI starts processes that each believe to be alone."""
    wheel = toys.mpi_wheel("lonelympi", peopled.root / "lonely", job="env")
    peopled.serve(wheel)
    peopled.recipe("lonelympi", toys.mpi_recipe(wheel))
    peopled.site("lonely", mpi="lonelympi")
    peopled.configure("lonely")
    return peopled


def test_ranks_that_are_alone(singletons: Project) -> None:
    """A launcher that does not belong to the library ends with 11; the list shows what is really proven."""
    outcome = singletons.install("toyext==1.0")

    assert outcome.code == 11, outcome.err
    assert "2 processes, each alone" in outcome.err or "1 process alone" in outcome.err
    rows = {row["name"]: row["level"] for row in singletons.run("list", "--json").done().data}
    assert rows["toyext"] == "imported", "what passed before stays proven"
    assert singletons.install("toyext==1.0").code == 11, "it is not taken for done"


def test_lower_level_is_enough_if_asked_for(singletons: Project) -> None:
    """``--verify linked`` accepts what is linked rightly without running it."""
    singletons.install("toyext==1.0", "--verify", "linked").done()
    assert singletons.note("toyext")["level"] == "linked"
    assert "nothing to do" in singletons.install("toyext==1.0").done().err
