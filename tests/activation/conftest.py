"""Both module tools, each made once."""

from __future__ import annotations

import pytest

from tests.activation.parts import Machine, machine


@pytest.fixture(scope="session", params=["tcl", "lmod"])
def cray(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """Return a machine with each tool in turn."""
    return machine(request.param, tmp_path_factory.mktemp(f"activation-{request.param}"))
