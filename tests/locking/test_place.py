"""locking/place.py: a root is where the site lets stacks be, on a file system that may be written there."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from pybuild.errors import DocumentError
from pybuild.load.sites import load_site
from pybuild.load.stack import load_stack
from pybuild.locking.place import demand_allowed
from pybuild.model.site import Site
from pybuild.model.stack import Stack

ROOT = Path(__file__).parents[2]
HEAD = "name: here\nsummary: a machine\n"


def stack(folder: Path, root: str) -> Stack:
    path = folder / "stack.yaml"
    path.write_text(f"name: survey\nrecipes: [mpi4py]\nroot: {root}\n")
    return load_stack(str(path))


def site(folder: Path, text: str) -> Site:
    path = folder / "here.yaml"
    path.write_text(HEAD + text)
    return load_site(str(path))


def refusal(stack: Stack, site: Site, **environ: str) -> str:
    with pytest.raises(DocumentError) as caught:
        demand_allowed(stack, site, environ)
    (problem,) = caught.value.problems
    assert problem.startswith(f"{stack.file}:3: root: ")
    assert site.name in (caught.value.hint or "")
    return problem


def test_below_the_sites_folder_for_stacks(tmp_path: Path) -> None:
    """At NERSC each project has a folder below one; what lies elsewhere is told where it may be."""
    cori = load_site(str(ROOT / "sitecfg/cori.yaml"))
    for root in ("/global/common/software/desi", "/global/common/software/desi/stacks/x"):
        demand_allowed(stack(tmp_path, root), cori, {})
    for root in ("/global/common/software", "/global/homes/e/elvis/stack", "/global/common/softwarex/desi"):
        told = refusal(stack(tmp_path, root), cori)
        assert "stacks of cori lie below /global/common/software/<project>" in told


@pytest.mark.parametrize("kind", ["login", "compute"])
def test_a_file_system_that_is_read_only_here(tmp_path: Path, kind: str) -> None:
    """By the rights of the node that one is on; the longest path counts, variables are the user's."""
    text = f"""
nodes: {{{kind}: {{hostname: "{platform.node()}"}}}}
file_systems:
  - {{path: /global, use: everything, login: read-only, compute: read-only}}
  - {{path: /global/software, use: stacks, login: read-write, compute: read-only}}
  - {{path: "/scratch/$USER", use: data}}
"""
    here = site(tmp_path, text)
    demand_allowed(stack(tmp_path, "/scratch/elvis/stack"), here, {"USER": "elvis"})
    if kind == "login":
        demand_allowed(stack(tmp_path, "/global/software/x"), here, {})
    else:
        told = refusal(stack(tmp_path, "/global/software/x"), here)
        assert (
            "/global/software is read-only on compute nodes of here; these may be written there: /scratch"
            in told
        )
    assert f"/global is read-only on {kind} nodes" in refusal(stack(tmp_path, "/global/x"), here)
    told = refusal(stack(tmp_path, "/opt/x"), here)
    assert "on none of the file systems of here" in told


def test_a_site_that_says_nothing(tmp_path: Path) -> None:
    """Lets a stack be anywhere."""
    demand_allowed(stack(tmp_path, "/opt/x"), site(tmp_path, ""), {})
