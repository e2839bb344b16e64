"""Boxes and shells that the tests of this folder share: each is made once."""

from __future__ import annotations

import pytest

from tests.box.parts import TOOLS
from tests.on_cray.cray import Cray, make_cray
from tests.slurm import Slurm, slurm

__all__ = ["slurm"]


@pytest.fixture(scope="session", params=TOOLS)
def cray(request: pytest.FixtureRequest, slurm: Slurm, tmp_path_factory: pytest.TempPathFactory) -> Cray:
    """Return a login shell of a simulated Cori with mpi4py and h5py installed, for each module tool."""
    root = tmp_path_factory.mktemp(f"cray-{request.param}", numbered=False)
    found = make_cray(root, request.param, slurm)
    found.install("mpi4py", "h5py").done()
    return found


@pytest.fixture(scope="session")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Cray:
    """Return a login shell of a simulated Cori without a batch system and with nothing installed."""
    return make_cray(tmp_path_factory.mktemp("cray-shell", numbered=False), "tcl", None)
