"""The case ``plan-cori``: a plan on a machine with modules, which a real module tool loads."""

from __future__ import annotations

import shutil
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from measure import BenchmarkError
from peers import Peer

if TYPE_CHECKING:
    from cases import Case
    from lab import Lab


def plan_at_cori(lab: Lab) -> Case:
    """(f) plan mpi4py in a box of Cori: its real site file, and modules that Environment Modules loads."""
    from cases import Aim, Case
    from easybuild import EasyBuild

    sites, tool, folder = _box(lab)
    prefix, env = lab.root / "planned-cori", {**lab.env, "NERSC_HOST": "cori", "MODULEPATH": folder}
    words = ("plan", "mpi4py", "--sites", sites, "--site", "cori", "-p", str(prefix), "--python",
             str(lab.base_python), "--cache", str(lab.root / "cache"))  # fmt: skip
    peers = [
        Peer(name="one modulecmd", does="load PrgEnv-gnu, nothing else", cwd=lab.root, env=env,
             argv=(tool, "bash", "load", "PrgEnv-gnu")),
        Peer(name="pybuild", does="reads the site, knows what the modules made a moment ago, plans mpi4py",
             cwd=lab.root, env=env, argv=(lab.pybuild, *words)),
        Peer(name="pybuild, asking the tool", does="the same, and has the modules swapped and checked",
             cwd=lab.root, env=env, argv=(lab.pybuild, *words),
             reset=partial(shutil.rmtree, lab.root / "cache/modules", ignore_errors=True)),
    ]  # fmt: skip
    absent: list[str] = []
    try:
        easybuild = EasyBuild(lab)
        peers.append(Peer(name="EasyBuild -D", does="looks which modules of its own are missing, on a "
                          "machine without Cray's", argv=easybuild.argv("-D"), env=easybuild.env(lab.env),
                          cwd=lab.root))  # fmt: skip
    except BenchmarkError as error:
        absent.append(f"EasyBuild: {str(error).splitlines()[-1].strip()}")
    aims = {peer.name: Aim(seconds=0.15) for peer in peers if peer.name.startswith("pybuild")}
    return Case(key="plan-cori", title="plan of mpi4py at Cori", unit="one modulecmd", peers=tuple(peers),
                aims=aims, runs=5, count=True, absent=absent)  # fmt: skip


def _box(lab: Lab) -> tuple[str, str, str]:
    """Return the folder of the box's site file, the module tool's program, and the modulefiles' folder."""
    tool = next(Path("/usr/lib").glob("*/modulecmd.tcl"), None)
    if tool is None:
        raise BenchmarkError("Environment Modules is not installed: apt-get install environment-modules")
    sys.path.insert(0, str(lab.checkout))
    try:
        import pytest

        from tests.box.parts import full_box
    except ImportError as error:
        raise BenchmarkError(f"run it with the Python of the development environment: {error}") from error
    folder = lab.root / "cori"
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        box = full_box("cori", "tcl", folder)
        return box.sites, str(tool), box.modulefiles
    except pytest.skip.Exception as error:
        raise BenchmarkError(str(error)) from error
