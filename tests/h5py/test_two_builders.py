"""Two users build one stack of eight recipes at the same time, into one shared channel."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.debs import put_netcdf
from tests.h5py.conftest import BASE, ROOT, Cluster
from tests.h5py.eight import HIGHEST, NAMES, SPECS, built_once, configure, home_beside, levels
from tests.people import GROUP, MAINTAINER, MEMBER, become, give, seeing, users

BOTH = {MAINTAINER: "a", MEMBER: "b"}
"""The users, and the letter of each one's folder."""

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture
def channel(cluster: Cluster, parallel: Path) -> Iterator[Path]:
    """A channel of the users' group, and a home for each of them."""
    assert parallel.exists()  # what was compiled for it serves here
    for folder in (cluster.folder, cluster.folder.parent):  # a site's libraries are open to everybody
        folder.chmod(0o755)
    shared = cluster.folder.with_name("group-channel")
    shared.mkdir()
    with users():
        for user, letter in BOTH.items():
            home = home_beside(cluster, letter)
            put_netcdf(home / "cache")
            configure(cluster, home, shared)
            give(home, user)
        subprocess.run(["chgrp", GROUP, shared], check=True)
        shared.chmod(0o2775)
        yield shared


def home_of(user: str, cluster: Cluster) -> Path:
    """Return the folder that was made for a user."""
    return cluster.folder.with_name(BOTH[user] * len(cluster.folder.name))


def begin(user: str, cluster: Cluster) -> subprocess.Popen[str]:
    """Start the installation of everything by a user with a umask of 077, into an environment of his own."""
    home = home_of(user, cluster)
    argv = [*seeing(cluster.folder.parent), *become(user, reading=True)]
    argv += ["sh", "-c", 'umask 077; exec "$@"', "sh"]
    argv += [sys.executable, "-m", "pybuild", "install", *SPECS, "--yes"]
    argv += ["--prefix", str(home / "env"), "--python", BASE, "-j", "1"]
    environ = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    environ |= {"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONPATH": str(ROOT), "TMPDIR": str(home),
                "PYBUILD_CONFIG": str(home / "config.yaml")}  # fmt: skip
    return subprocess.Popen(
        argv, env=environ, cwd=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_each_package_is_built_once_for_both(channel: Path, cluster: Cluster) -> None:
    """Every build has one log in one of the two caches, and both environments are proven by ranks."""
    with begin(MAINTAINER, cluster) as first, begin(MEMBER, cluster) as second:
        said = [child.communicate(timeout=1500)[1] for child in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], said
    assert built_once(channel)
    logs = [path.name for user in BOTH for path in home_of(user, cluster).glob("cache/logs/*")]
    assert {name: sum(log.startswith(f"{name}-") for log in logs if log[len(name) + 1].isdigit())
            for name in NAMES} == dict.fromkeys(NAMES, 1)  # fmt: skip
    for user in BOTH:
        assert levels(home_of(user, cluster) / "env") == HIGHEST
