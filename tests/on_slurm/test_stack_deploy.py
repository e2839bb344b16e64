"""A stack that is deployed from a login node: its ranks start on nodes that the deploy asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import yaml

from tests.end_to_end.project import BASE, Project
from tests.on_slurm.test_builds import with_batch_system
from tests.run.conftest import Toys, files, toybox
from tests.run.conftest import shared as unslurmed
from tests.slurm import NODE, Slurm, demanded, start

__all__ = ["files", "toybox", "unslurmed"]

_RANKS = """
import json, os
if os.environ["SLURM_PROCID"] == "0":
    size = int(os.environ["SLURM_NTASKS"])
    print(json.dumps({"size": size, "ranks": list(range(size)), "library": os.uname()[1]}))
"""


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """A Slurm of one node."""
    demanded()
    with ExitStack() as stack:
        yield start(tmp_path_factory.mktemp("one"), stack)


@pytest.fixture(scope="module")
def shared(unslurmed: Project, one: Slurm) -> Project:
    """The project of the toys, its site with a batch system that gives nodes to a shell, too."""
    project = with_batch_system(unslurmed, one)
    site = project.sites / "toy.yaml"
    site.write_text(site.read_text().replace("launcher:\n", "launcher:\n  ask: [salloc, -N, '1', -t, '5']\n"))
    return project


def test_ranks_of_a_release_start_on_nodes_of_their_own(toybox: Toys) -> None:
    """Refused on a login node and where Slurm gives none; then the release goes on, and is in service."""
    project = toybox.project
    toybox.add("ranky", parts=1)
    recipe = project.recipes / "ranky/recipe.yaml"
    text = recipe.read_text().replace("virtual: [compiler]", "virtual: [compiler, mpi]")
    recipe.write_text(text + "  - ranks: 2\n    python: ranks.py\n")
    (project.recipes / "ranky/ranks.py").write_text(_RANKS)
    file, root = project.root / "stack.yaml", project.root / "stack"
    file.write_text(
        yaml.safe_dump({"name": "survey", "root": str(root), "python": BASE, "recipes": ["ranky"]})
    )
    project.run("stack", "lock", file).done()
    here = project.run("stack", "deploy", file, "-y")
    assert (here.code, "--on compute waits for nodes" in here.err) == (11, True), here.err
    none = project.run("stack", "deploy", file, "-y", "--on", "compute", "--job-options=-p nowhere")
    assert (none.code, "invalid partition specified: nowhere" in none.err) == (11, True), none.err
    assert not (root / "current").exists()
    project.run("stack", "deploy", file, "-y", "--on", "compute").done()
    (release,) = (root / "releases").iterdir()
    assert (root / "current").resolve() == release
    (row,) = [r for r in project.run("list", "-p", release, "--json").done().data if r["name"] == "ranky"]
    assert row["level"] == "ranked"
    assert NODE in project.run("info", "ranky", "-p", release).done().out
