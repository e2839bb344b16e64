"""A collaboration's stack of numpy, mpi4py, h5py with MPI-IO and pure packages, among real users."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.h5py.conftest import BASE, ROOT, VERSION, Cluster
from tests.people import GROUP, MAINTAINER, MEMBER, OUTSIDER, as_user, become, departures, give, seeing, users

TOGETHER = """\
import os, sys
import h5py, numpy
from mpi4py import MPI
comm = MPI.COMM_WORLD
name = os.path.join(sys.argv[1], "together.h5")
with h5py.File(name, "w", driver="mpio", comm=comm) as file:
    data = file.create_dataset("rank", (comm.size,), dtype="i")
    with data.collective:
        data[comm.rank] = comm.rank
with h5py.File(name, "r", driver="mpio", comm=comm) as file:
    assert (file["rank"][:] == numpy.arange(2)).all()
assert comm.size == 2
"""
SHOWN = "import h5py, mpi4py, numpy, iniconfig, packaging; print(h5py.get_config().mpi, iniconfig.__file__)"


@dataclass
class Survey:
    """The collaboration's folder, and pybuild run by its maintainer with a umask of 077."""

    folder: Path
    cluster: Cluster

    @property
    def root(self) -> Path:
        """The root of the stack."""
        return self.folder / "shared/survey"

    def declare(self, *index: str) -> None:
        """Write the stack file and lock it."""
        stack = {
            "name": "survey", "root": str(self.root), "site": "cluster", "python": BASE,
            "recipes": [f"h5py=={VERSION}", "mpi4py", "numpy"], "index": index,
            "share": {"group": GROUP, "mode": "u=rwX,g=rX,o="},
            "tests": [{"name": "together", "ranks": 2,
                       "command": ["python", "together.py", str(self.folder / "scratch")]}],
        }  # fmt: skip
        (self.folder / "stack/stack.yaml").write_text(json.dumps(stack))
        self.run("lock")

    def run(self, command: str, *words: str) -> str:
        """Run ``pybuild stack``; return what it said."""
        argv = [*become(MAINTAINER, reading=True), sys.executable, "-m", "pybuild", "stack", command]
        argv += [str(self.folder / "stack/stack.yaml"), *words, "--sites", str(self.cluster.folder)]
        environ = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        environ |= {"PATH": "/usr/bin:/bin", "HOME": str(self.folder / "home"), "PYTHONPATH": str(ROOT),
                    "PYBUILD_CHANNEL": str(self.folder / "channel"),
                    "PYBUILD_CACHE": str(self.folder / "cache")}  # fmt: skip
        done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False, umask=0o077)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def survey(cluster: Cluster, parallel: Path) -> Iterator[Survey]:
    """A world of the maintainer's own; what was built for other tests is in its channel."""
    assert parallel.exists()
    with users(), tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        for part in ("channel", "cache"):
            shutil.copytree(cluster.folder / part, folder / part, symlinks=True)
        for part in ("home", "stack", "scratch", "shared"):
            (folder / part).mkdir()
        (folder / "stack/together.py").write_text(TOGETHER)
        give(folder, MAINTAINER)
        yield Survey(folder, cluster)


def test_a_collaboration_and_its_stack(survey: Survey) -> None:
    """Deployed twice, rolled back, pruned; ranked; audit clean; members run it, an outsider does not."""
    python = survey.root / "current/bin/python"
    site = seeing(survey.cluster.folder / "opt")
    built = sorted((survey.folder / "channel").glob("linux-*/h5py-*"))
    steps = (
        (("iniconfig==2.0.0", "packaging"), ("deploy", "--yes"), "2.0.0"),
        (("iniconfig==2.1.0", "packaging"), ("deploy", "--yes"), "2.1.0"),
        ((), ("rollback",), "2.0.0"),
        ((), ("prune", "--keep", "1", "--grace", "0", "--yes"), "2.0.0"),
    )
    for index, words, version in steps:
        if index:
            survey.declare(*index)
        survey.run(*words)
        used = as_user(MEMBER, python, "-c", SHOWN, before=site)
        assert used.stdout.startswith("True /"), used.stderr
        kept = as_user(MEMBER, python, "-m", "pip", "list", "--format=json").stdout
        assert {"name": "iniconfig", "version": version} in json.loads(kept)
        assert as_user(OUTSIDER, python, "-c", SHOWN, before=site).returncode == 126
        assert departures(survey.root) == []
    assert sorted((survey.folder / "channel").glob("linux-*/h5py-*")) == built
    status = json.loads(survey.run("status", "--json").partition("note: ")[0])
    levels = dict(status["releases"][0]["release"]["levels"])
    assert (levels["h5py"], levels["mpi4py"], len(status["releases"])) == ("ranked", "ranked", 1)
    (drift,) = status["drift"]  # after the rollback
    assert "is not the one that is deployed" in drift
