"""Drafts of projects of the package index, as pip finds it here: each is a recipe as it stands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pybuild.cli.main import main
from pybuild.load.lint import lint_recipe
from pybuild.load.recipes import load_recipe

# name: virtuals beside compiler; None for a wheel, which asks for nothing
PROJECTS: dict[str, tuple[str, ...] | None] = {
    "mpi4py": ("mpi",),
    "h5py": ("mpi", "hdf5[mpi]"),
    "six": None,
    "mpi4py-fft": ("fftw",),
    "schwimmbad": None,
    "pmesh": (),
    "bigfile": ("mpi",),
    "tables": ("hdf5",),
    "petsc4py": ("mpi",),
}


@pytest.mark.index
@pytest.mark.parametrize("name", PROJECTS)
def test_a_draft_is_a_recipe(name: str, tmp_path: Path) -> None:
    """Lint finds nothing, the hashes are the index's, and what the package uses was seen."""
    # pip's own settings count here; the test's home has none.
    environ = {**os.environ, "PYBUILD_CACHE": str(tmp_path / "cache")}
    folder = str(tmp_path / "recipes")
    assert main(["recipe", "new", name, "--recipes", folder], environ) == 0
    recipe = load_recipe(f"{folder}/{name}/recipe.yaml")
    assert lint_recipe(recipe) == ()
    seen = PROJECTS[name]
    assert recipe.build.system == ("wheel" if seen is None else "python")
    assert recipe.requirements.virtual == (() if seen is None else ("compiler", *seen))
    assert recipe.releases[0].python or name in ("pmesh", "bigfile", "mpi4py-fft", "petsc4py")
    assert main(["recipe", "checksum", name, "--recipes", folder], environ) == 0
