"""h5py's recipe with one line less: each is refused before anything reaches the channel or a prefix."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from tests.h5py.conftest import BASE, ROOT, VERSION, Cluster

pytestmark = pytest.mark.timeout(2400)

MUTANTS = {
    # Nothing else is wrong: it compiles with the site's MPI and HDF5, and says nothing of having no MPI.
    "HDF5_MPI": "h5py.h5p",
    "HDF5_DIR": "",
    "CC": "",
}
"""Variables of the recipe's ``build.env``, and what must be said without them."""


@pytest.mark.parametrize("variable", MUTANTS)
def test_a_recipe_without_a_variable(variable: str, cluster: Cluster, parallel: Path, tmp_path: Path) -> None:
    """The build fails or the link check does; the channel keeps what it had, and no prefix appears."""
    shutil.copytree(ROOT / "recipes/h5py", tmp_path / "h5py", ignore=shutil.ignore_patterns("proof.yaml"))
    recipe = yaml.safe_load((tmp_path / "h5py/recipe.yaml").read_text())
    recipe["versions"] = {VERSION: recipe["versions"][VERSION]}
    del recipe["build"]["env"][variable]
    (tmp_path / "h5py/recipe.yaml").write_text(yaml.safe_dump(recipe, sort_keys=False))
    before = sorted(path.name for path in (cluster.folder / "channel").rglob("h5py-*.conda"))
    prefix = tmp_path / "env"
    site = ("--site", "cluster", "--sites", str(cluster.folder), "--recipes", str(tmp_path))
    done = cluster.pybuild("install", "h5py", "--prefix", str(prefix), "--python", BASE, *site, "--yes")
    assert done.returncode not in (0, 1, 2), done.stderr
    assert MUTANTS[variable] in done.stderr
    assert not prefix.exists()
    assert sorted(path.name for path in (cluster.folder / "channel").rglob("h5py-*.conda")) == before
