"""A stack among real users of this machine: a maintainer with umask 077, a group's member, an outsider."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.project import Project, changed, clone, snapshot
from tests.end_to_end.stacks import Toys

GROUP = "pybuild-toys"
MAINTAINER, MEMBER, OUTSIDER = USERS = ("pbmaintain", "pbmember", "pboutside")


@dataclass
class People:
    """The stack, and its commands as somebody else."""

    toys: Toys

    def as_user(self, user: str, *argv: object, umask: str = "077") -> subprocess.CompletedProcess[str]:
        """Run a program as a user, as a login would: own groups, a strict umask, hardly any environment."""
        words = ["sh", "-c", f'umask {umask}; exec "$@"', "sh", *map(str, argv)]
        bare = {"PATH": "/usr/bin:/bin"}
        return subprocess.run(
            [*become(user), *words], cwd="/", env=bare, capture_output=True, text=True, check=False
        )


def become(user: str, *, reading: bool = False) -> tuple[str, ...]:
    """Return argv of a program that runs another one as a user.

    Args:
        reading: may read everything, to run the pybuild and the Python of these tests, which may lie in
            root's home; what is written, owned and changed is the user's all the same.
    """
    more = "+dac_read_search" if reading else "-all"
    who = (
        f"--reuid={user}",
        f"--regid={user}",
        "--init-groups",
        f"--inh-caps={more}",
        f"--ambient-caps={more}",
    )
    return ("setpriv", *who)


@pytest.fixture(scope="module")
def _users() -> Iterator[None]:
    if os.geteuid() != 0:
        pytest.skip("only root can make users")
    subprocess.run(["groupadd", "--force", GROUP], check=True)
    for user in USERS:
        more = ["--groups", GROUP] if user != OUTSIDER else []
        subprocess.run(["useradd", "--user-group", "--no-create-home", *more, user], check=True)
    yield
    for user in USERS:
        subprocess.run(["userdel", user], check=True)
    subprocess.run(["groupdel", GROUP], check=True)


@pytest.fixture
def people(_users: None, stock: Project) -> Iterator[People]:
    """A maintainer's own world, below a folder that everybody may enter."""
    with tempfile.TemporaryDirectory(prefix="pybuild-stack-", dir="/var/tmp") as name:
        top = Path(name)
        top.chmod(0o755)
        project = Project(top / "world", stock.server)
        for folder in ("recipes", "sites"):
            shutil.rmtree(project.root / folder)
            shutil.copytree(stock.root / folder, project.root / folder)
        clone(stock.channel, project.channel)
        clone(stock.cache, project.cache)
        for folder in ("stack", "shared"):
            (top / folder).mkdir()
        _give(top, MAINTAINER)
        toys = Toys(project, top / "stack", top / "shared/toys", {"group": GROUP, "mode": "u=rwX,g=rX,o="})
        toys.before = become(MAINTAINER, reading=True)
        toys.umask = 0o077
        yield People(toys)


def _give(top: Path, user: str) -> None:
    """Give a user everything below a folder, as copies: what is linked to other tests must stay theirs."""
    for path in [top, *top.rglob("*")]:
        if path.is_file() and not path.is_symlink() and path.stat().st_nlink > 1:
            beside = path.with_name(path.name + ".copy")
            shutil.copy2(path, beside)
            beside.replace(path)
        shutil.chown(path, user, user)
    top.chmod(0o755)


def departures(people: People) -> list[str]:
    """Look for what the policy forbids with find alone, below the root of the stack."""
    top = str(people.toys.root)
    wrong = f"""( ! -group {GROUP} -o ! -user {MAINTAINER} -o -perm /o=rwx -o -type d ! -perm -g=rxs
        -o -type f ! -perm -g=r -o -type f -perm /6000 )""".split()
    loose = f"-path {top}/releases/*/* ( -perm /222 -o -type f -links +1 )".split()
    found = subprocess.run(
        ["find", top, "!", "-type", "l", *wrong, "-print", "-o", *loose, "-print"],
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stderr
    return found.stdout.splitlines()


def test_shared_with_the_group_and_nobody_else(people: People) -> None:
    """Deployed twice, rolled back, pruned: at each step the group can read, an outsider cannot."""
    toys = people.toys
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
        assert people.as_user(MEMBER, python, "-c", shown).stdout == f"{version}\n"
        ended = people.as_user(OUTSIDER, python, "-c", shown)
        assert (ended.returncode, ended.stdout) == (126, ""), ended
        assert departures(people) == []
    assert len(toys.releases()) == 1
    release = toys.root / "releases" / toys.releases()[0]
    assert people.as_user(MEMBER, "touch", release / "mine").returncode != 0
    assert people.as_user(MAINTAINER, "touch", release / "mine").returncode != 0
    assert (
        subprocess.run(["find", str(toys.project.channel), "-perm", "/022"], capture_output=True).stdout
        == b""
    )


def test_what_others_may(people: People) -> None:
    """A member sees the status, which writes nothing, and can change nothing; an outsider learns nothing."""
    toys = people.toys
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
    listed = people.as_user(OUTSIDER, "ls", toys.root)
    assert (listed.returncode != 0, listed.stdout) == (True, "")
    assert changed(before, snapshot(toys.root)) == []


def test_a_group_that_the_maintainer_is_not_in(people: People) -> None:
    """It is told before anything is made, with the way to see one's own groups."""
    toys = people.toys
    toys.share = {"group": OUTSIDER}
    toys.declare("toypure==1.0")
    outcome = toys.deploy()
    assert outcome.code == 10
    assert f"you are not in the group '{OUTSIDER}'" in outcome.err
    assert "id -Gn" in outcome.err
    assert not toys.root.exists()
