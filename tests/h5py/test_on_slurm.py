"""A stack of eight recipes on a Slurm of three nodes, which loses its shell and one of its nodes."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.debs import put_netcdf
from tests.h5py.conftest import BASE, ROOT, Cluster
from tests.h5py.eight import HIGHEST, NAMES, SPECS, built_once, configure, home_beside, levels
from tests.slurm import SEARCH, Slurm, demanded, lose, start

pytestmark = pytest.mark.timeout(1800)

SITE = {
    "nodes": {
        "login": {"hostname": platform.node()},
        "compute": {"hostname": "nid[0-9]+", "variables": ["SLURM_JOB_ID"]},
    },
    "launcher": {
        "ranks": ["srun", "-n", "${{ ranks }}"],
        "submit": ["sbatch", "--parsable"],
        "directives": ["#SBATCH -N 1", "#SBATCH -t 20"],
        "inside": "SLURM_JOB_ID",
    },
}  # fmt: skip


@dataclass
class Login:
    """A shell on the login node of the cluster, with a channel and a cache that hold no package."""

    folder: Path
    cluster: Cluster
    slurm: Slurm

    @property
    def prefix(self) -> Path:
        """Where the stack is installed."""
        return self.folder / "prefix"

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start pybuild as a login shell does, in a process group of its own."""
        kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        own = {
            "PATH": SEARCH, "HOME": str(self.folder), "PYTHONPATH": str(ROOT),
            "PYBUILD_CONFIG": str(self.folder / "config.yaml"),
        }  # fmt: skip
        return subprocess.Popen(
            [sys.executable, "-m", "pybuild", *words], env=kept | own | self.slurm.environment,
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, start_new_session=True,
        )  # fmt: skip

    def run(self, *words: str) -> Any:
        """Run pybuild to its end; return what it printed as JSON."""
        child = self.start(*words, "--json")
        out, err = child.communicate(timeout=1500)
        assert child.returncode == 0, err
        return json.loads(out)

    def under_way(self) -> list[dict[str, Any]]:
        """Return the builds that are at work in some node's hands right now."""
        runs = list((self.folder / "cache/runs").glob("*/run.json"))
        record = self.run("jobs", "status") if runs else {"builds": []}
        return [build for build in record["builds"] if build["state"] == "builds" and build["job"]]


@pytest.fixture
def login(cluster: Cluster, parallel: Path) -> Iterator[Login]:
    """Three nodes, a login node, and nothing built."""
    assert parallel.exists()  # what was compiled for it serves here
    demanded()
    home = home_beside(cluster, "s")
    put_netcdf(home / "cache")
    configure(cluster, home, home / "channel", **SITE)
    (home / "slurm").mkdir()
    with ExitStack() as stack:
        yield Login(home, cluster, start(home / "slurm", stack, count=3, expiry=10))


def test_eight_recipes_without_their_shell_and_one_of_their_nodes(login: Login) -> None:
    """Submitted, the shell killed, a node killed under a build: all built once, installed, ranked."""
    words = ("install", *SPECS, "--prefix", str(login.prefix), "--python", BASE, "--yes", "-j", "1")
    shell = login.start(*words, "--on", "slurm")
    under_way = until(login.under_way, shell)
    os.killpg(shell.pid, signal.SIGKILL)
    shell.communicate()
    lost = max(under_way, key=lambda build: float(build["began"]))  # the others may be about to end
    lose(login.slurm, lost["node"])
    assert login.run("jobs", "wait")["changed"]
    builds = {build["name"]: build for build in login.run("jobs", "status")["builds"]}
    assert {builds[name]["state"] for name in NAMES} == {"built"}
    assert builds[lost["name"]]["node"] != lost["node"]
    assert built_once(login.folder / "channel")
    assert levels(login.prefix) == HIGHEST
    note = json.loads((login.prefix / "conda-meta/pybuild/h5py.json").read_text())
    assert note["proofs"][-1]["seen"]["ranks"] == [0, 1]
    assert note["proofs"][-1]["where"].startswith("nid")


def until(found: Any, shell: subprocess.Popen[str]) -> Any:
    """Wait until a function returns something, while a program goes on; return it."""
    end = time.monotonic() + 600
    while not (seen := found()):
        assert shell.poll() is None, shell.communicate()
        assert time.monotonic() < end
        time.sleep(0.5)
    return seen
