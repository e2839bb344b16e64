"""A Cori of real parts: boxes for both module tools, login nodes where MPI aborts, a Slurm behind them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pybuild.box.login_node import make_login_node
from pybuild.box.records import BoxedSite
from pybuild.model.modules import Tool
from tests.box.parts import full_box
from tests.end_to_end.project import Outcome
from tests.hosts import under
from tests.slurm import Slurm

ROOT = Path(__file__).parents[2]
LOGIN = "cori03"


@dataclass(frozen=True)
class Cray:
    """A user's login shell on a simulated Cori.

    Attributes:
        root: holds home, channel, cache and prefixes.
        box: the machine.
        environ: the shell's environment; every program that starts MPI in it is ended.
    """

    root: Path
    box: BoxedSite
    environ: dict[str, str]

    def run(self, *argv: str, environ: Mapping[str, str] | None = None, login: bool = True) -> Outcome:
        """Run ``pybuild`` with its folders below ``root`` and return how it ended.

        Args:
            environ: added to the shell's environment.
            login: on a login node; else under this machine's own name.
        """
        given = {**self.environ, **(environ or {})}
        command = [sys.executable, "-m", "pybuild", *argv]
        if login:
            command = under(LOGIN, command)
        done = subprocess.run(
            command, env=given, cwd=self.root, capture_output=True, text=True, timeout=1800, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return Outcome(done.returncode, done.stdout, done.stderr)

    def places(self, sites: Path | None = None) -> list[str]:
        """Return the options that name the box and the folders of this shell."""
        return [
            "--sites", str(sites or self.box.sites), "--site", "cori",
            "--channel", str(self.root / "channel"), "--cache", str(self.root / "cache"),
        ]  # fmt: skip

    def install(self, *specs: str, prefix: str = "env", sites: Path | None = None, **more: Any) -> Outcome:
        """Install ``specs`` into a prefix below ``root``."""
        argv = ["install", *specs, "-p", str(self.root / prefix), "-y", *self.places(sites)]
        return self.run(*argv, **more)

    def changed_site(self, name: str, change: Any) -> Path:
        """Write the box's site file with something changed, and return its folder.

        Args:
            change: a function that changes the file's data in place.
        """
        folder = self.root / name
        folder.mkdir()
        data = yaml.safe_load(Path(self.box.file).read_text())
        change(data)
        (folder / "cori.yaml").write_text(yaml.safe_dump(data, sort_keys=False))
        return folder


def make_cray(root: Path, tool: Tool, slurm: Slurm | None) -> Cray:
    """Make a box of Cori and return a login shell on it."""
    box = full_box("cori", tool, root)
    _adapt(Path(box.file))
    home = root / "home"
    home.mkdir()
    environ = {
        "HOME": str(home),
        "USER": "elvis",
        "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
        "NERSC_HOST": "cori",
        "PYTHONPATH": str(ROOT),
        "LD_PRELOAD": make_login_node(str(root)),
        **{name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_CERT"))},
    }
    if slurm is not None:
        environ |= slurm.environment
    return Cray(root=root, box=box, environ=environ)


def _adapt(file: Path) -> None:
    """Let the box's Slurm start the ranks, which has one partition and no queues; compile in seconds."""
    data = yaml.safe_load(file.read_text())
    data["launcher"]["ranks"] = ["srun", "-n", "${{ ranks }}"]
    data["launcher"]["ask"] = ["salloc", "-N", "1", "-t", "5"]
    data["launcher"]["directives"] = ["#SBATCH -N 1", "#SBATCH -t 5"]
    data["path"] = [*data["path"], "/usr/sbin"]
    # Cori refuses the system's Python, and the machine that runs the tests may have no other.
    data["python"]["refuse"] = []
    # The compiler's optimisation is not what these tests are about.
    quick = {"name": "quick", "env": {"CFLAGS": "-O0 -g0", "CPPFLAGS": "-O0 -g0"},
             "reason": "tests build much and run little", "source": "tests/on_cray"}  # fmt: skip
    data["rules"].append(quick)
    file.write_text(yaml.safe_dump(data, sort_keys=False))
