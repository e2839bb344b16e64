"""A stack is deployed, changed, rolled back and pruned; what is wrong is told, and the old release stays."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.held import until
from tests.end_to_end.project import Project, changed, clone, finished, snapshot
from tests.end_to_end.stacks import Toys

_WAIT = """
import os, sys, time
open(sys.argv[1] + ".reached", "w")
while os.path.exists(sys.argv[1]):
    time.sleep(0.01)
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, stock: Project) -> Iterator[Project]:
    """A project whose channel and cache hold everything, for the stacks of all tests here."""
    project = Project(tmp_path_factory.mktemp("world"), stock.server)
    for folder in ("recipes", "sites"):
        shutil.rmtree(project.root / folder)
        shutil.copytree(stock.root / folder, project.root / folder)
    clone(stock.channel, project.channel)
    clone(stock.cache, project.cache)
    yield project
    shutil.rmtree(project.root)


def _new(world: Project, folder: Path) -> Toys:
    (folder / "stack").mkdir()
    return Toys(world, folder / "stack", folder / "root")


@pytest.fixture
def toys(world: Project, tmp_path: Path) -> Toys:
    """A stack that was never deployed."""
    return _new(world, tmp_path)


@pytest.fixture(scope="module")
def _standing(world: Project, tmp_path_factory: pytest.TempPathFactory) -> Toys:
    toys = _new(world, tmp_path_factory.mktemp("standing"))
    toys.declare("toypure==1.0")
    toys.deploy().done()
    return toys


@pytest.fixture
def standing(_standing: Toys) -> Iterator[Toys]:
    """A deployed stack that a test must leave as it is: toypure 1.0, declared again as it was."""
    kept = {path: path.read_text() for path in _standing.folder.iterdir()}
    yield _standing
    for path, text in kept.items():
        path.write_text(text)
    assert _standing.imports("toypure") == "1.0"
    assert _standing.releases() == [os.path.basename(os.readlink(_standing.current))]


def refused(toys: Toys, *words: object, code: int = 10, **how: object) -> str:
    """Run a deploy that must be refused; return its error and hint."""
    before = snapshot(toys.root)
    outcome = toys.deploy(*words, **how)
    assert outcome.code == code, outcome.err
    assert "Traceback" not in outcome.err
    assert "error: " in outcome.err
    assert "hint: " in outcome.err
    assert changed(before, snapshot(toys.root)) in ([], [str(toys.root / ".stack")])
    return outcome.err


def test_deploy_change_roll_back_prune(toys: Toys) -> None:
    """Two releases, each switched to in one rename; back in a moment; what nobody needs goes."""
    toys.declare("toypure==1.0")
    toys.deploy().done()
    first = os.readlink(toys.current)
    toys.declare("toypure==2.0")
    toys.deploy().done()
    second = os.readlink(toys.current)
    assert (first[:9], second[-2:]) == ("releases/", "-2")
    assert toys.imports("toypure") == "2.0"
    assert "unchanged" in toys.deploy("--json").done().out
    script = f". {toys.root}/activate && python -c 'import toypure; print(toypure.version, toypure.__file__)'"
    shown = subprocess.run(
        ["bash", "-c", script], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True
    )
    assert shown.stdout.startswith(f"2.0 {toys.root}/{second}/"), shown.stderr
    modules = toys.root / "modulefiles/toys"
    assert {path.name for path in modules.iterdir()} > {first[9:], f"{second[9:]}.lua", ".modulerc"}

    started = time.monotonic()
    assert toys.run("rollback", "--json").done().data["release"]["name"] == first[9:]
    assert time.monotonic() - started < 10
    assert toys.imports("toypure") == "1.0"
    (drift,) = toys.status()["drift"]
    assert "is not the one that is deployed" in drift
    assert "no release before" in toys.run("rollback").err
    assert toys.deploy("--json").done().data["how"] == "again"
    assert toys.imports("toypure") == "2.0"

    assert [fate["goes"] for fate in toys.run("prune", "--json").done().data["releases"]] == [False, False]
    young = toys.run("prune", "--keep", 1).done()
    assert "less than 48 hours ago" in young.out
    toys.run("prune", "--keep", 1, "--grace", 0).done()
    assert toys.releases() == [second[9:]]
    assert first[9:] not in {path.stem for path in modules.iterdir()}
    assert toys.imports("toypure") == "2.0"
    status = toys.status()
    assert (status["current"], status["problem"], status["drift"]) == (second[9:], None, [])
    assert [one["state"] for one in status["releases"]] == ["in service"]


def test_a_release_stands_alone_and_compiled(standing: Toys, world: Project) -> None:
    """No file is shared with the cache or another release; every module is compiled, whatever its time."""
    release = standing.current.resolve()
    files = [path for path in release.rglob("*") if path.is_file() and not path.is_symlink()]
    assert {path.stat().st_nlink for path in files} == {1}
    assert any(path.stat().st_nlink > 1 for path in world.channel.rglob("*.conda"))  # the test sees links
    modules = [
        path for path in files if path.suffix == ".py" and path.is_relative_to(release / "lib/python3.11")
    ]
    heads = [
        path.with_name("__pycache__").joinpath(f"{path.stem}.cpython-311.pyc").read_bytes()[:8]
        for path in modules
    ]
    assert len(heads) > 1000
    assert {head[4:] for head in heads} == {b"\1\0\0\0"}


def test_nothing_changes_a_release(standing: Toys, world: Project) -> None:
    """Whatever changes a prefix is refused by name; verify proves, and notes what it found in the cache."""
    release = standing.current.resolve()
    before = snapshot(release)
    for words in (("install", "toyext", "-y"), ("uninstall", "toypure", "-y"), ("upgrade", "-y")):
        outcome = world.run(*words, "-p", release)
        assert outcome.code == 10
        assert "is a release of a stack" in outcome.err
    outcome = world.run("verify", "toypure", "-p", release).done()
    assert "imported" in outcome.out
    assert list(world.cache.glob("proofs/*/toypure.json"))
    assert changed(before, snapshot(release)) == []


def test_root_is_a_link(toys: Toys, tmp_path: Path) -> None:
    """Whoever could change the link could change the stack."""
    (tmp_path / "elsewhere").mkdir()
    toys.root.symlink_to(tmp_path / "elsewhere")
    toys.declare("toypure==1.0")
    assert "is a link to" in refused(toys)
    assert os.listdir(tmp_path / "elsewhere") == []


def test_root_is_somebodys_folder(toys: Toys) -> None:
    """A folder with other things in it is not made a stack's root."""
    toys.root.mkdir()
    (toys.root / "thesis.tex").touch()
    toys.declare("toypure==1.0")
    assert "neither empty nor the root of a stack" in refused(toys)


def test_root_on_the_wrong_file_system(standing: Toys, world: Project) -> None:
    """A site says where stacks live; elsewhere is refused, and so is what compute nodes do not have."""
    for more, code, told in (
        ('share: {root: "/common/software/<project>", source: "a page"}', 3, "stacks of toy lie below"),
        (f'file_systems: [{{path: "{standing.root.parent}", use: local, compute: absent, source: s}}]', 10,
         "does not exist on the compute nodes"),
    ):  # fmt: skip
        world.site(more=more)
        try:
            assert told in refused(standing, code=code)
        finally:
            world.site()


def test_group_that_does_not_exist(standing: Toys) -> None:
    """It is refused before anything is made."""
    standing.declare("toypure==2.0", share={"group": "no-such-group"})
    assert "there is no group 'no-such-group'" in refused(standing)


def test_lock_is_older_than_its_stack_file(standing: Toys) -> None:
    """A stack file that changed since it was locked is not deployed."""
    standing.file.write_text(standing.file.read_text() + "\n# later\n")
    assert "older" in refused(standing, code=4)


def test_something_in_place_of_the_link(standing: Toys) -> None:
    """A folder called current is left alone and told; status says so, too."""
    link = os.readlink(standing.current)
    standing.current.unlink()
    standing.current.mkdir()
    standing.declare("toypure==2.0")
    try:
        assert "is a folder, expected the link" in refused(standing)
        told = standing.run("status")
        assert told.code == 10
        assert "was replaced by a folder" in told.out
    finally:
        standing.current.rmdir()
        standing.current.symlink_to(link)


def test_second_deploy_is_refused(toys: Toys) -> None:
    """Nobody waits for a deploy: the second is told who runs the first, since when; status answers."""
    hold = toys.folder / "hold"
    hold.touch()
    test = {"name": "slow", "command": ["python", "-c", _WAIT, str(hold)]}
    toys.declare("toypure==1.0", tests=[test])
    first = toys.start("deploy")
    until(lambda: (toys.folder / "hold.reached").exists(), first)
    for words in (("deploy",), ("rollback",), ("prune",)):
        outcome = toys.run(*words)
        assert outcome.code == 10
        assert f"process {first.pid}) is changing this stack since 20" in outcome.err
    assert [one["state"] for one in toys.run("status", "--json").data["releases"]] == ["unfinished"]
    hold.unlink()
    finished(first).done()
    assert toys.imports("toypure") == "1.0"


def test_own_tests_decide(standing: Toys) -> None:
    """A test of the collaboration that fails keeps the new release out; with it repaired, all goes on."""
    before = standing.releases()
    bad = {"name": "agrees", "command": ["python", "-c", "import toypure; assert toypure.version == '1.0'"]}
    standing.declare("toypure==2.0", tests=[bad])
    outcome = standing.deploy()
    assert outcome.code == 11
    assert "the test 'agrees' failed" in outcome.err
    assert "AssertionError" in outcome.err
    assert standing.imports("toypure") == "1.0"
    standing.run("prune", "--grace", 0).done()
    assert standing.releases() == before


def test_ranks_of_own_tests(toys: Toys) -> None:
    """A test with ranks is started by the launcher of the stack's MPI, as many as it asks for."""
    code = "from toyext import _core; import sys; sys.exit(_core.ranks()[1] != 3)"
    toys.declare("toyext==1.0", tests=[{"name": "three", "command": ["python", "-c", code], "ranks": 3}])
    done = toys.deploy("--json").done()
    levels = dict(done.data["release"]["levels"])
    assert "" not in done.data["release"].values(), "nothing is told that is not known"
    assert levels["toyext"] == "ranked"


def test_changes_by_hand_are_seen(toys: Toys) -> None:
    """A file changed, a release removed, a link changed: status names each; rollback refuses what is gone."""
    toys.declare("toypure==1.0", share={"read_only": False})
    toys.deploy().done()
    toys.declare("toypure==2.0", share={"read_only": False})
    toys.deploy().done()
    first, second = toys.releases()
    assert toys.status()["drift"] == []
    (module,) = (toys.root / "releases" / second).rglob("toypure/__init__.py")
    module.write_text("version = 'mine'\n")
    (drift,) = toys.status()["drift"]
    assert str(module) in drift
    assert toys.imports("toypure") == "mine"

    shutil.rmtree(toys.root / "releases" / first)
    assert any("removed by hand" in text for text in toys.status()["drift"])
    outcome = toys.run("rollback")
    assert outcome.code == 10
    assert f"{first} is gone; {second} stays in service" in outcome.err
    toys.current.unlink()
    toys.current.symlink_to("releases/2020-01-01-1")
    told = toys.run("status")
    assert told.code == 10
    assert "was changed by hand: it leads to releases/2020-01-01-1" in told.out
    toys.run("rollback", "--to", second).done()
    assert toys.imports("toypure") == "mine"


def test_a_release_in_use_stays(toys: Toys) -> None:
    """Prune keeps what a process runs from, however it came there, and says which process that is."""
    toys.declare("toypure==1.0")
    toys.deploy().done()
    first = toys.releases()[0]
    argv = [toys.python, "-c", "import toypure, time; print(flush=True); time.sleep(600)"]
    user = subprocess.Popen(argv, stdout=subprocess.PIPE, env={}, cwd="/")
    try:
        assert user.stdout is not None
        user.stdout.readline()
        toys.declare("toypure==2.0")
        toys.deploy().done()
        told = toys.run("prune", "--keep", 1, "--grace", 0).done().out
        assert f"in use: process {user.pid} of " in told
        assert first in toys.releases()
        assert any(f"process {user.pid} " in who for who in toys.status()["releases"][0]["holders"])
    finally:
        user.send_signal(signal.SIGKILL)
        user.communicate()
    toys.run("prune", "--keep", 1, "--grace", 0).done()
    assert first not in toys.releases()


def test_umask_is_told_and_does_not_matter(toys: Toys) -> None:
    """With a umask of 077 everybody can read the release all the same; with 000 nobody can write to it."""
    for umask in (0o077, 0o000):
        toys.declare("toypure==1.0" if umask else "toypure==2.0")
        told = toys.deploy(umask=umask).done().err
        assert ("your umask 077 takes rights away" in told) is bool(umask)
        modes = {
            path.stat().st_mode & 0o777 for path in toys.current.resolve().rglob("*") if not path.is_symlink()
        }
        assert modes == {0o555, 0o444}
