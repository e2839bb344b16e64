"""h5py built for real at a cluster of its own: once with MPI, once without, for all tests of this folder."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.h5py.machine import Machine, lay_out

ROOT = Path(__file__).parents[2]
BASE = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
VERSION = "3.16.0"


@dataclass(frozen=True)
class Cluster:
    """The machine, its site file, and pybuild with a channel and a cache of their own."""

    folder: Path
    machine: Machine

    def pybuild(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run pybuild, with nothing of the user's but how pip is configured."""
        return self.run(sys.executable, "-m", "pybuild", *words, PYTHONPATH=str(ROOT), **environ)

    def install(self, spec: str, prefix: Path, *words: str) -> Path:
        """Install into a new prefix at the cluster; return the prefix."""
        place = ("--prefix", str(prefix), "--python", BASE, "--site", "cluster", "--sites", str(self.folder))
        done = self.pybuild("install", spec, *place, "--yes", *words)
        assert done.returncode == 0, done.stderr
        return prefix

    def run(self, *argv: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run any program in the same environment."""
        kept = {
            name: value for name, value in os.environ.items() if name.startswith("PIP_") or name == "PATH"
        }
        own = {
            "HOME": str(self.folder / "home"),
            "PYBUILD_CACHE": str(self.folder / "cache"),
            "PYBUILD_CHANNEL": str(self.folder / "channel"),
        }
        return subprocess.run(
            argv, env=kept | own | environ, capture_output=True, text=True, check=False, cwd=self.folder
        )


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    """Lay out the machine and write its site file."""
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "home").mkdir()
    machine = lay_out(folder / "opt")
    (folder / "compiler-cache").mkdir()
    (folder / "compiler-cache").chmod(0o1777)  # for users of their own, too
    text = Path(__file__).with_name("cluster.yaml").read_text()
    for name, product in (
        ("MPICH", machine.mpich),
        ("PARALLEL", machine.parallel),
        ("SERIAL", machine.serial),
        ("CCACHE", folder / "compiler-cache"),
    ):
        text = text.replace(f"@{name}@", str(product))
    (folder / "cluster.yaml").write_text(text)
    return Cluster(folder, machine)


@pytest.fixture(scope="session")
def parallel(cluster: Cluster) -> Path:
    """Build h5py with MPI, and mpi4py with it; nobody may change this prefix."""
    return cluster.install(f"h5py=={VERSION}", cluster.folder / "parallel")


@pytest.fixture(scope="session")
def serial(cluster: Cluster) -> Path:
    """Build h5py without MPI; nobody may change this prefix."""
    return cluster.install(f"h5py[serial]=={VERSION}", cluster.folder / "serial")


@pytest.fixture
def spoilable(cluster: Cluster, parallel: Path, tmp_path: Path) -> Path:
    """Make another prefix with the same h5py, from the channel, for one test to spoil."""
    return cluster.install(f"h5py=={VERSION}", tmp_path / "spoilable", "--verify", "linked")


def packages(prefix: Path) -> Path:
    """Return the prefix's site-packages."""
    (found,) = prefix.glob("lib/python3.*/site-packages")
    return found


def extension(prefix: Path, name: str) -> Path:
    """Return the file of an extension module of h5py."""
    (found,) = packages(prefix).glob(f"h5py/{name}.*.so")
    return found
