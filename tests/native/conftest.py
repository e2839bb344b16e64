"""Fixtures: a project whose index has CMake, Ninja and Meson, and no MPI."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.end_to_end import toys
from tests.end_to_end.project import ROOT, Project
from tests.servers import Server, serving

TOOLS = ("pip", "setuptools", "build", "packaging", "pyproject-hooks", "cmake", "ninja", "meson")


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> tuple[toys.File, ...]:
    """Download the version that each recipe names first, with pip as it is configured here."""
    folder = tmp_path_factory.mktemp("tools")
    specs = []
    for name in TOOLS:
        recipe = yaml.safe_load((ROOT / f"recipes/{name}/recipe.yaml").read_text())
        specs.append(f"{name}=={next(iter(recipe['versions']))}")
    argv = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*argv, "-d", str(folder), *specs], check=True, stderr=subprocess.DEVNULL)
    return tuple(toys.File(path.name, path.read_bytes()) for path in sorted(folder.glob("*.whl")))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """An index for the tests of one file."""
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def store(
    tmp_path_factory: pytest.TempPathFactory, server: Server, tools: tuple[toys.File, ...]
) -> Iterator[Project]:
    """A project with a channel and a cache that the tests of a file share, and a Python in the channel."""
    project = Project(tmp_path_factory.mktemp("native"), server)
    for file in tools:
        project.serve(file)
    project.site()
    yield project
    shutil.rmtree(project.root, ignore_errors=True)


@pytest.fixture
def prefix(store: Project, tmp_path: Path) -> Iterator[Path]:
    """A place for a prefix of one test."""
    yield tmp_path / "env"
    shutil.rmtree(tmp_path / "env", ignore_errors=True)
