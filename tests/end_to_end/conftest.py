"""Fixtures: the toys, an index that serves them, and a channel that is built once per session."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.end_to_end import toys
from tests.end_to_end.project import ROOT, Project, clone
from tests.end_to_end.toys import File
from tests.servers import Server, serving

REAL = ("pip", "setuptools", "build", "packaging", "pyproject-hooks", "tomli")
"""What the toys' builds and every new prefix need: real wheels, from where pip gets them on this machine."""


@dataclass(frozen=True)
class Store:
    """Every file that the index offers."""

    real: tuple[File, ...]
    mpi: File
    pure: tuple[File, ...]
    extensions: tuple[File, ...]

    def stock(self, project: Project) -> None:
        """Let a project's index offer everything, and give the project its recipes and its site."""
        for file in self.real:
            project.serve(file)
        for files in ((self.mpi,), self.pure, self.extensions):
            project.serve(*files)
        project.recipe("toympi", toys.mpi_recipe(self.mpi))
        project.recipe("toypure", toys.pure_recipe(*self.pure))
        project.recipe("toyext", toys.extension_recipe(*reversed(self.extensions)))
        project.site()


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The files of the toys, and the real wheels that their builds need."""
    work = tmp_path_factory.mktemp("store")
    pure = tuple(
        toys.wheel("toypure", version, {"toypure/__init__.py": f'version = "{version}"\n'})
        for version in ("1.0", "2.0")
    )
    return Store(
        real=_real_wheels(work / "wheels"),
        mpi=toys.mpi_wheel("toympi", work / "mpi"),
        pure=pure,
        extensions=(toys.sdist("toyext", "1.0"), toys.sdist("toyext", "2.0")),
    )


def _real_wheels(folder: Path) -> tuple[File, ...]:
    """Download, with pip as it is configured here, the version that each recipe names first."""
    specs = []
    for name in REAL:
        recipe = yaml.safe_load((ROOT / f"recipes/{name}/recipe.yaml").read_text())
        specs.append(f"{name}=={next(iter(recipe['versions']))}")
    # For one platform that only pure wheels fit: tomli has compiled ones as well, the recipe does not.
    choice = ["--no-deps", "--only-binary=:all:", "--platform=any"]
    argv = [sys.executable, "-m", "pip", "download", "-q", *choice, "-d", str(folder), *specs]
    subprocess.run(argv, check=True, stderr=subprocess.DEVNULL)
    return tuple(File(path.name, path.read_bytes()) for path in sorted(folder.glob("*.whl")))


@pytest.fixture
def server() -> Iterator[Server]:
    """An index of this test alone."""
    with serving() as server:
        yield server


@pytest.fixture
def bare(tmp_path: Path, server: Server, store: Store) -> Iterator[Project]:
    """A project with nothing in its channel and cache."""
    project = Project(tmp_path / "bare", server)
    store.stock(project)
    yield project
    shutil.rmtree(project.root, ignore_errors=True)


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory, store: Store) -> Iterator[Project]:
    """A project whose channel holds everything, and whose prefix has toypure; nobody changes it."""
    root = tmp_path_factory.mktemp("stock")
    with serving() as server:
        project = Project(root, server)
        store.stock(project)
        project.install("toypure==1.0").done()
        for spec in ("toyext==1.0", "toyext==2.0"):
            project.install(spec, "-p", root / spec).done()
            shutil.rmtree(root / spec)
        yield project
    shutil.rmtree(root)


@pytest.fixture
def project(tmp_path: Path, server: Server, store: Store, stock: Project) -> Iterator[Project]:
    """A project whose channel and cache hold everything, and that has no prefix yet."""
    project = Project(tmp_path / "project", server)
    store.stock(project)
    clone(stock.channel, project.channel)
    clone(stock.cache, project.cache)
    yield project
    shutil.rmtree(project.root, ignore_errors=True)


@pytest.fixture
def peopled(project: Project) -> Project:
    """A project with a prefix in which toypure 1.0 is installed."""
    project.install("toypure==1.0").done()
    return project
