"""The three tools, each with modulefiles that a Cray is made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.modules.tools import Bench, RealTool, five, lmod, old


@pytest.fixture(params=["five", "old", "lmod"])
def tool(request: pytest.FixtureRequest, tmp_path: Path) -> RealTool:
    """Return each module tool in turn."""
    return {"five": lambda _: five(), "old": old, "lmod": lmod}[request.param](tmp_path)


@pytest.fixture
def bench(tool: RealTool, tmp_path: Path) -> Bench:
    """Return a bench with two programming environments that exclude each other, and hugepages."""
    bench = Bench(tool, tmp_path)
    bench.write(
        "PrgEnv-intel/6.0.5", "conflict PrgEnv-gnu", "setenv PE_ENV INTEL", "prepend-path PATH /opt/intel/bin"
    )
    bench.write(
        "PrgEnv-gnu/6.0.5", "conflict PrgEnv-intel", "setenv PE_ENV GNU", "prepend-path PATH /opt/gnu/bin"
    )
    bench.write("PrgEnv-cray/6.0.5", "setenv PE_ENV CRAY")
    bench.write("craype-hugepages2M", "setenv HUGETLB_MORECORE yes")
    bench.write("craype-hugepages8M", "setenv HUGETLB_DEFAULT_PAGE_SIZE 8M")
    bench.write("cray-hdf5/1.10.2.0", "setenv HDF5_DIR /opt/hdf5")
    return bench
