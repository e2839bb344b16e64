"""Boxes of Cori with every real part, made once for each module tool."""

from __future__ import annotations

import pytest

from pybuild.box.records import BoxedSite
from tests.box.parts import TOOLS, environment, full_box


@pytest.fixture(scope="session", params=TOOLS)
def cori(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> BoxedSite:
    """Return Cori in a box, for each tool in turn."""
    return full_box("cori", request.param, tmp_path_factory.mktemp(f"box-{request.param}"))


@pytest.fixture(scope="session")
def login(cori: BoxedSite) -> dict[str, str]:
    """Return the environment that a user of Cori has after login."""
    return environment(cori)


@pytest.fixture(scope="session")
def gnu(cori: BoxedSite) -> dict[str, str]:
    """Return the environment after what NERSC's page on mpi4py says, tracking libraries out as well."""
    return environment(
        cori, "swap PrgEnv-intel PrgEnv-gnu", "unload craype-hugepages2M", "unload darshan", "unload altd"
    )
