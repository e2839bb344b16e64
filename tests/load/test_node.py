"""Login and compute nodes told apart by what a site says of them."""

from __future__ import annotations

import pytest

from pybuild.load.node import inside_allocation, node_kind, starts_ranks
from pybuild.model.launcher import Launcher
from pybuild.model.nodes import Node
from pybuild.model.site import Site

JOB = {"SLURM_JOB_ID": "12"}
LAUNCHER = Launcher(ranks=("srun",), inside="SLURM_JOB_ID")
LOGIN = Node(kind="login", hostname="cori[0-9]+")
CORI = Site(
    name="cori", summary="", launcher=LAUNCHER, nodes=(LOGIN, Node(kind="compute", hostname="nid[0-9]+"))
)
VARIABLE = Site(
    name="variable", summary="", launcher=LAUNCHER,
    nodes=(Node(kind="login", hostname="n[0-9]+"), Node(kind="compute", variables=("SLURM_JOB_ID",))),
)  # fmt: skip
LOGIN_ONLY = Site(
    name="login-only", summary="", launcher=LAUNCHER, nodes=(Node(kind="login", hostname="l1"),)
)
NONE = Site(name="none", summary="", launcher=LAUNCHER)


@pytest.mark.parametrize(
    ("site", "environ", "host", "kind", "ranks"),
    [
        (CORI, {}, "cori04", "login", False),
        (CORI, {}, "cori04.example.org", "login", False),
        (CORI, JOB, "cori04", "login", True),  # salloc leaves the shell on the login node
        (CORI, JOB, "nid00012", "compute", True),
        (CORI, {}, "nid00012", "compute", True),
        (CORI, {}, "dtn01", None, True),
        (CORI, JOB, "dtn01", None, True),  # compute nodes have names, and this is none of them
        (CORI, {}, "xcori04", None, True),
        (VARIABLE, {}, "n1", "login", False),
        (VARIABLE, JOB, "n1", "compute", True),
        (VARIABLE, {"SLURM_JOB_ID": ""}, "n1", "login", False),
        (LOGIN_ONLY, JOB, "c7", "compute", True),
        (LOGIN_ONLY, JOB, "l1", "login", True),
        (LOGIN_ONLY, {}, "c7", None, True),
        (NONE, JOB, "cori04", None, True),
        (NONE, {}, "cori04", None, True),
    ],
)
def test_kinds(site: Site, environ: dict[str, str], host: str, kind: str | None, ranks: bool) -> None:
    """Names, variables and allocations decide; only a login node without an allocation starts no ranks."""
    assert node_kind(site, environ, host) == kind
    assert starts_ranks(site, environ, host) == ranks


def test_allocation_needs_its_variable() -> None:
    """Without a launcher, a variable that tells, or a value in it, there is no allocation."""
    assert inside_allocation(CORI, JOB)
    assert not inside_allocation(CORI, {"SLURM_JOB_ID": ""})
    assert not inside_allocation(Site(name="bare", summary=""), JOB)
    assert not inside_allocation(Site(name="mute", summary="", launcher=Launcher(ranks=("srun",))), JOB)
