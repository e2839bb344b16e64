"""Two users build one stack of eight recipes at the same time, into one shared channel."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.debs import put_netcdf
from tests.h5py.conftest import BASE, ROOT, Cluster
from tests.h5py.eight import HIGHEST, NAMES, SPECS, built_once, configure, levels
from tests.people import GROUP, MAINTAINER, MEMBER, become, give, users

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture
def world(cluster: Cluster, parallel: Path) -> Iterator[Path]:
    """A folder with a channel of the users' group, and a home for each of them."""
    assert parallel.exists()  # what was compiled for it serves here
    with users(), tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for user in (MAINTAINER, MEMBER):
            put_netcdf(folder / user / "cache")
            configure(cluster, folder / user, folder / "channel")
            give(folder / user, user)
        channel = folder / "channel"
        channel.mkdir()
        subprocess.run(["chgrp", GROUP, channel], check=True)
        channel.chmod(0o2775)
        yield folder


def begin(world: Path, user: str) -> subprocess.Popen[str]:
    """Start the installation of everything by a user with a umask of 077, into an environment of his own."""
    home = world / user
    argv = [*become(user, reading=True), sys.executable, "-m", "pybuild", "install", *SPECS, "--yes"]
    argv += ["--prefix", str(home / "env"), "--python", BASE, "-j", "1"]
    environ = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    environ |= {"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONPATH": str(ROOT), "TMPDIR": str(home),
                "PYBUILD_CONFIG": str(home / "config.yaml")}  # fmt: skip
    return subprocess.Popen(
        argv, env=environ, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, umask=0o077
    )


def test_each_package_is_built_once_for_both(world: Path) -> None:
    """Every build has one log in one of the two caches, and both environments are proven by ranks."""
    both = [begin(world, user) for user in (MAINTAINER, MEMBER)]
    for child in both:
        _, err = child.communicate(timeout=1500)
        assert child.returncode == 0, err
    assert built_once(world / "channel")
    logs = [path.name for path in world.glob("*/cache/logs/*")]
    assert {name: sum(log.startswith(f"{name}-") for log in logs if log[len(name) + 1].isdigit())
            for name in NAMES} == dict.fromkeys(NAMES, 1)  # fmt: skip
    for user in (MAINTAINER, MEMBER):
        assert levels(world / user / "env") == HIGHEST
