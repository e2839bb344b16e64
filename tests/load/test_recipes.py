"""load/recipes.py: one recipe is one file read; names are forgiving; records hold what was written."""

from __future__ import annotations

import builtins
import os
import time
from pathlib import Path
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet
from packaging.utils import parse_wheel_filename

from pybuild.errors import DocumentError, PlanError
from pybuild.load.document import load_document
from pybuild.load.places import shipped
from pybuild.load.recipe_record import recipe_of
from pybuild.load.recipes import RecipeTree
from pybuild.model.recipe import Check, Condition

EXAMPLES = Path(__file__).parent.parent / "examples"
SHIPPED = RecipeTree([shipped("recipes")])


def make(directory: Path, folder: str, summary: str = "s", name: str | None = None) -> None:
    (directory / folder).mkdir(parents=True)
    (directory / folder / "recipe.yaml").write_text(
        f"name: {name or folder}\n"
        f"about: {{summary: {summary}, homepage: 'https://example.org', license: MIT}}\n"
        f"source: {{pypi: x}}\nversions: {{'1': {{sha256: {'a' * 64}}}}}\n"
    )


def test_every_key_reaches_the_record() -> None:
    """A recipe with every key becomes a record that holds every value, in the order written."""
    recipe = recipe_of(load_document(str(EXAMPLES / "valid" / "recipe-full.yaml")))
    assert recipe.name == "everything"
    assert recipe.about.license == "BSD-3-Clause OR (MIT AND Apache-2.0)"
    assert recipe.source.url == "https://example.org/everything-${{ version }}.tar.gz"
    assert [release.version for release in recipe.releases] == ["3.10", "2.0.post1", "2.0rc1"]
    assert recipe.releases[0].file == "Everything-3.10.zip"
    assert recipe.releases[0].python == ">=3.8,!=3.9.*"
    assert recipe.requirements.build == ("setuptools", "cython >=3")
    assert recipe.requirements.run == ("numpy",)
    assert (recipe.options[0].name, recipe.options[0].versions) == ("serial", "<3")
    assert recipe.build.env == (("HDF5_MPI", "ON"), ("NOTHING", ""))
    assert recipe.build.args == ("--mpicc=${{ mpi.cc }} ${{ mpi.shared }}",)
    assert recipe.build.install_args == ("install_exe",)
    override = recipe.overrides[0]
    assert override.when == Condition(version="<3", python=">=3", option="serial", site="generic")
    assert override.requirements == (("virtual", ()), ("build", ()), ("run", ()))
    assert override.build == (("system", "distutils"), ("env", (("A", "1"),)), ("args", ()))
    assert override.tests == (Check(imports=("everything",)),)
    assert recipe.provides[0].fields == (("cc", "${{ prefix }}/bin/mpicc"), ("soname", "libmpi"))
    assert recipe.tests[1:4] == (
        Check(module="everything.ext", to="mpi"),
        Check(ranks=4, python="ranks.py"),
        Check(ranks=2, command=("everything", "--check")),
    )
    assert recipe.absent == ("libmlx5.so.1",)
    assert recipe.unproven
    assert recipe.text.startswith("name: everything")
    hash(recipe)  # frozen all the way down


def test_defaults() -> None:
    """A recipe that says nothing has no requirements, options, overrides or tests, and is proven."""
    recipe = recipe_of(load_document(str(EXAMPLES / "valid" / "recipe-minimal.yaml")))
    assert recipe.build.system == "python"
    assert (recipe.requirements.virtual, recipe.options, recipe.overrides, recipe.tests) == ((), (), (), ())
    assert not recipe.unproven


def test_get_opens_one_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many recipes only the one asked for is opened, and only the first time."""
    for name in ("one", "two", "three"):
        make(tmp_path, name)
    opened: list[str] = []
    real = builtins.open

    def counting(file: Any, *args: Any, **kwargs: Any) -> Any:
        opened.append(os.fspath(file))
        return real(file, *args, **kwargs)

    SHIPPED.get("mpi4py")  # imports, schema
    monkeypatch.setattr(builtins, "open", counting)
    tree = RecipeTree([tmp_path])
    assert tree.names() == ("one", "three", "two")
    assert opened == []
    assert tree.get("two") is tree.get("two")
    assert opened == [str(tmp_path / "two" / "recipe.yaml")]


@pytest.mark.parametrize(
    "name", ["pyproject-hooks", "pyproject_hooks", "PyProject.Hooks", "pyproject__hooks"]
)
def test_names_compare_normalised(name: str) -> None:
    """Every spelling of a name finds the recipe."""
    assert SHIPPED.get(name).name == "pyproject-hooks"


def test_first_directory_wins(tmp_path: Path) -> None:
    """A recipe in an earlier directory hides the one of the same name in a later one."""
    make(tmp_path / "a", "one", "first")
    make(tmp_path / "b", "one", "second")
    make(tmp_path / "b", "two", "only")
    tree = RecipeTree([tmp_path / "a", tmp_path / "missing", tmp_path / "b"])
    assert tree.get("one").about.summary == "first"
    assert tree.get("two").about.summary == "only"
    assert tree.names() == ("one", "two")


def test_unknown_name() -> None:
    """An unknown name is a planning error that names near ones, or where else to look."""
    with pytest.raises(PlanError) as caught:
        SHIPPED.get("mpi4pi")
    assert "there is no recipe for 'mpi4pi'" in caught.value.message
    assert caught.value.hint == "did you mean mpi4py?"
    with pytest.raises(PlanError) as caught:
        SHIPPED.get("zzzzzz")
    assert "pybuild recipe list" in (caught.value.hint or "")


def test_paths_are_not_names() -> None:
    """A name cannot lead out of the directory of recipes."""
    with pytest.raises(PlanError):
        RecipeTree([Path(shipped("recipes")) / "mpich"]).get("../mpi4py")


def test_folder_must_equal_name(tmp_path: Path) -> None:
    """A recipe in a folder of another name is refused, with the line of its name."""
    make(tmp_path, "one", name="other")
    with pytest.raises(DocumentError) as caught:
        RecipeTree([tmp_path]).get("one")
    path = tmp_path / "one" / "recipe.yaml"
    expected = f'{path}:1: name: found "other" in the folder "one"; the two must be equal'
    assert caught.value.problems == (expected,)


def test_shipped_wheels_are_for_their_pythons() -> None:
    """Every wheel of a shipped recipe is of the project and version it stands under."""
    for name in SHIPPED.names():
        for release in SHIPPED.get(name).releases:
            for file, _sha256 in release.wheels:
                project, version, _build, _tags = parse_wheel_filename(file)
                assert (project, str(version)) == (name, release.version)


@pytest.mark.parametrize("python", ["2.7.18", *(f"3.{minor}.5" for minor in range(6, 15))])
def test_build_tools_for_every_python(python: str) -> None:
    """From 2.7 to 3.14 every Python has a setuptools below 81, a wheel, a pip and a Cython."""
    for name in ("setuptools", "wheel", "pip", "cython"):
        fitting = [r for r in SHIPPED.get(name).releases if SpecifierSet(r.python).contains(python)]
        assert fitting, f"no {name} for Python {python}"
        if name == "setuptools":
            assert any(SpecifierSet("<81").contains(release.version) for release in fitting)


def test_shipped_load_in_a_second() -> None:
    """All shipped recipes load within a second of the processor's time, whatever else it does."""
    start = time.process_time()
    tree = RecipeTree([shipped("recipes")])
    for name in tree.names():
        tree.get(name)
    assert time.process_time() - start < 1
