"""The main job for real: mpi4py from the package index, built twice at the same time.

Once by pybuild, once by the script that pybuild prints; each takes minutes, so they share the two cores
of a small machine and every test here looks at the same two results.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Job:
    """The two prefixes, and how they came about."""

    folder: Path
    prefix: Path
    by_script: Path
    output: str
    script_output: str

    def pybuild(self, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run pybuild with the job's channel and cache."""
        return _run(list(words), self.folder, environ)


def environment(folder: Path) -> dict[str, str]:
    """Return an environment with nothing of the user's but how pip is configured."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_") or name == "PATH"}
    own = {
        "HOME": str(folder / "home"),
        "PYBUILD_CACHE": str(folder / "cache"),
        "PYBUILD_CHANNEL": str(folder / "channel"),
        "PYTHONPATH": str(ROOT),
    }
    return kept | own


@pytest.fixture(scope="session")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """Build mpi4py in both ways at once."""
    folder = tmp_path_factory.mktemp("main-job")
    (folder / "home").mkdir()
    prefix, by_script = folder / "myenv", folder / "scripted"
    printed = _run(["script", "mpi4py", "--prefix", str(by_script), "--python", _base()], folder)
    assert printed.returncode == 0, printed.stderr
    script = folder / "build.sh"
    script.write_text(printed.stdout)
    # Nothing of pybuild is in reach of the script.
    bare = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder / "home")}
    with (folder / "script.log").open("w") as log:
        scripted = subprocess.Popen(["bash", str(script)], env=bare, stdout=log, stderr=log, cwd=folder)
        installed = _run(["install", "mpi4py", "--prefix", str(prefix), "--python", _base(), "--yes"], folder)
        scripted.wait()
    script_output = (folder / "script.log").read_text()
    assert installed.returncode == 0, installed.stderr
    assert scripted.returncode == 0, script_output
    return Job(folder, prefix, by_script, installed.stderr, script_output)


def _run(
    words: list[str], folder: Path, environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pybuild", *words],
        env=environment(folder) | (environ or {}),
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )


def _base() -> str:
    """Return the interpreter under the one that runs the tests, so that both ways use the same."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))
