"""A stack among real users of this machine: a maintainer with umask 077, a group's member, an outsider."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.project import Project, changed, clone, snapshot
from tests.end_to_end.stacks import Toys
from tests.people import GROUP, MAINTAINER, MEMBER, OUTSIDER, as_user, become, departures, give, users


@pytest.fixture(scope="module")
def _users() -> Iterator[None]:
    with users():
        yield


@pytest.fixture
def toys(_users: None, stock: Project) -> Iterator[Toys]:
    """A stack and a world of the maintainer's own, below a folder that everybody may enter."""
    with tempfile.TemporaryDirectory(prefix="pybuild-stack-", dir="/var/tmp") as name:
        top = Path(name)
        project = Project(top / "world", stock.server)
        for folder in ("recipes", "sites"):
            shutil.rmtree(project.root / folder)
            shutil.copytree(stock.root / folder, project.root / folder)
        clone(stock.channel, project.channel)
        clone(stock.cache, project.cache)
        for folder in ("stack", "shared"):
            (top / folder).mkdir()
        give(top, MAINTAINER)
        toys = Toys(project, top / "stack", top / "shared/toys", {"group": GROUP, "mode": "u=rwX,g=rX,o="})
        toys.before, toys.umask = become(MAINTAINER, reading=True), 0o077
        yield toys


def test_shared_with_the_group_and_nobody_else(toys: Toys) -> None:
    """Deployed twice, rolled back, pruned: at each step the group can read, an outsider cannot."""
    python = toys.current / "bin/python"
    shown = "import toypure; print(toypure.version)"
    steps = (
        (("toypure==1.0",), ("deploy",), "1.0"),
        (("toypure==2.0",), ("deploy",), "2.0"),
        ((), ("rollback",), "1.0"),
        ((), ("prune", "--keep", "1", "--grace", "0"), "1.0"),
    )
    for recipes, words, version in steps:
        if recipes:
            toys.declare(*recipes)
        toys.run(*words).done()
        assert as_user(MEMBER, python, "-c", shown).stdout == f"{version}\n"
        ended = as_user(OUTSIDER, python, "-c", shown)
        assert (ended.returncode, ended.stdout) == (126, ""), ended
        assert departures(toys.root) == []
    assert len(toys.releases()) == 1
    release = toys.root / "releases" / toys.releases()[0]
    assert as_user(MEMBER, "touch", release / "mine").returncode != 0
    assert as_user(MAINTAINER, "touch", release / "mine").returncode != 0
    loose = subprocess.run(
        ["find", str(toys.project.channel), "-perm", "/022"], capture_output=True, check=True
    )
    assert loose.stdout == b""


def test_what_others_may(toys: Toys) -> None:
    """A member sees the status, which writes nothing, and can change nothing; an outsider learns nothing."""
    toys.declare("toypure==1.0")
    toys.deploy().done()
    toys.folder.chmod(0o755)
    for path in toys.folder.iterdir():
        path.chmod(0o644)
    before = snapshot(toys.root)
    toys.before = become(MEMBER, reading=True)
    home = {"HOME": "/nonexistent", "TMPDIR": "/var/tmp"}
    status = toys.run("status", "--json", environ=home).done().data
    assert (status["problem"], status["drift"]) == (None, [])
    for words in (("deploy",), ("rollback",), ("prune",)):
        outcome = toys.run(*words, environ=home)
        assert outcome.code == 10
        assert "you have no write permission" in outcome.err
    listed = as_user(OUTSIDER, "ls", toys.root)
    assert (listed.returncode != 0, listed.stdout) == (True, "")
    assert changed(before, snapshot(toys.root)) == []


def test_a_group_that_the_maintainer_is_not_in(toys: Toys) -> None:
    """It is told before anything is made, with the way to see one's own groups."""
    toys.share = {"group": OUTSIDER}
    toys.declare("toypure==1.0")
    outcome = toys.deploy()
    assert outcome.code == 10
    assert f"you are not in the group '{OUTSIDER}'" in outcome.err
    assert "id -Gn" in outcome.err
    assert not toys.root.exists()


def test_two_maintainers(toys: Toys) -> None:
    """With g=rwX another member deploys, too; what is not theirs they neither take up nor remove."""
    toys.share = {"group": GROUP, "mode": "u=rwX,g=rwX,o="}
    fails = {"name": "never", "command": ["python", "-c", "raise SystemExit(1)"]}
    toys.declare("toypure==1.0")
    toys.deploy().done()
    first = toys.releases()[0]
    toys.declare("toypure==2.0", tests=[fails])
    assert toys.deploy().code == 11
    for path in (toys.project.root, toys.folder):
        give(path, MEMBER)
    toys.before = become(MEMBER, reading=True)
    assert toys.deploy().code == 11  # makes one of its own
    assert len(toys.releases()) == 3
    toys.declare("toypure==2.0")
    toys.deploy().done()
    assert as_user(MAINTAINER, toys.current / "bin/python", "-c", "import toypure").returncode == 0
    told = toys.run("prune", "--keep", 1, "--grace", 0).done().out
    assert f"it belongs to {MAINTAINER}, who can prune it" in told
    assert first in toys.releases()
    toys.run("rollback").done()
    assert toys.imports("toypure") == "1.0"


def test_the_next_maintainer_goes_on_after_a_first_deploy_that_failed(toys: Toys) -> None:
    """What is remembered of it has the policy's modes, too, though its maintainer has a umask of 077."""
    toys.share = {"group": GROUP, "mode": "u=rwX,g=rwX,o="}
    toys.declare(
        "toypure==1.0", tests=[{"name": "never", "command": ["python", "-c", "raise SystemExit(1)"]}]
    )
    assert toys.deploy().code == 11
    for path in (toys.project.root, toys.folder):
        give(path, MEMBER)
    toys.before = become(MEMBER, reading=True)
    toys.declare("toypure==1.0")
    toys.deploy().done()
    assert as_user(MAINTAINER, toys.current / "bin/python", "-c", "import toypure").returncode == 0
