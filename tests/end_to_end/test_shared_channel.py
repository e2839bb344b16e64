"""A channel that others fill stands in front of one's own: looked into first, never written to."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Store
from tests.end_to_end.held import hold_build, reached, until
from tests.end_to_end.project import Project, changed, finished, snapshot
from tests.servers import Server
from tests.users import as_user, open_to_all

GROUP, FIRST, SECOND, OUTSIDER = 62000, 61001, 61002, 61003


@pytest.fixture
def shared(project: Project) -> Path:
    """Everything that was built, in a shared channel; one's own has nothing."""
    folder = project.root / "shared"
    project.channel.rename(folder)
    project.configure("toy", shared=[str(folder)])  # type: ignore[arg-type]
    return folder


def actions(project: Project, *words: object, **how: object) -> dict[str, str]:
    """Return what a plan does with each package."""
    data = project.run("plan", *words, "--json", **how).done().data  # type: ignore[arg-type]
    return {package["name"]: package["action"] for package in data["packages"]}


def test_nothing_is_built_that_a_shared_channel_has(project: Project, shared: Path) -> None:
    """It is installed from there and conda is told that channel; only who uses it is noted there."""
    before = snapshot(shared)
    done = project.install("toyext==1.0").done()
    assert ": pack" not in done.err
    assert project.imports("toyext") == "1.0"
    (record,) = project.prefix.glob("conda-meta/toyext-*.json")
    assert json.loads(record.read_text())["channel"].rstrip("/") == shared.as_uri()
    notes = shared / "linux-64/.pybuild"
    assert set(changed(before, snapshot(shared))) <= {str(notes), f"{notes}/use.lock", f"{notes}/prefixes"}
    noted = (notes / "prefixes").read_text().rpartition(f"\n{project.prefix}\n\t")[2].split()
    assert "toyext-1.0" in [stem.rsplit("-", 1)[0] for stem in noted]
    assert project.built("toyext") == []


def test_what_it_lacks_is_built_into_ones_own(project: Project, shared: Path) -> None:
    """And found there the next time."""
    for path in shared.rglob("*toypure-2.0*"):
        path.unlink()
    before = sorted(shared.rglob("*.conda"))
    assert set(actions(project, "toypure==2.0").values()) == {"channel", "build"}
    project.install("toypure==2.0").done()
    assert sorted(shared.rglob("*.conda")) == before
    assert len(project.built("toypure")) == 1
    assert set(actions(project, "toypure==2.0", "-p", project.root / "other").values()) == {"channel"}


def test_the_site_names_it(project: Project) -> None:
    """With a key of its file; a variable leaves it out."""
    shared = project.root / "shared"
    project.channel.rename(shared)
    project.site(more=f"share: {{root: /nowhere, channel: {shared}}}\n")
    assert set(actions(project, "toyext").values()) == {"channel"}
    none = {"PYBUILD_SHARED_CHANNEL": "none"}
    assert "build" in actions(project, "toyext", environ=none).values()
    other = {"PYBUILD_SHARED_CHANNEL": f"/nowhere:{shared}"}
    assert set(actions(project, "toyext", environ=other).values()) == {"channel"}


def test_a_rebuild_in_ones_own_wins(project: Project, shared: Path) -> None:
    """Whoever builds a package again, for himself, gets his own from then on."""
    project.install("toyext==1.0", "--rebuild").done()
    data = project.run("plan", "toyext==1.0", "-p", project.root / "other", "--json").done().data
    (file,) = [package["file"] for package in data["packages"] if package["name"] == "toyext"]
    assert file.startswith(str(project.channel))
    assert file.endswith("_1.conda")


@pytest.mark.parametrize("built", ["mine", "theirs"])
def test_a_lookup_opens_the_index_of_each_channel_and_nothing_else(
    project: Project, shared: Path, built: str
) -> None:
    """In two channels with some packages each; whichever has what is asked for."""
    if built == "mine":
        shutil.copytree(shared, project.channel)
    else:
        project.install("toypure==1.0", "--rebuild").done()
    trace = project.root / "trace"
    watched = ("strace", "-f", "-qq", "-e", "trace=open,openat", "-o", str(trace))
    project.run("plan", "toyext", "-p", project.root / "other", before=watched).done()
    opened = re.findall(r'"([^"]+)"', trace.read_text())
    folders = (str(shared), str(project.channel))
    assert sorted(path for path in opened if path.startswith(folders)) == sorted(
        f"{folder}/linux-64/.pybuild/index" for folder in folders
    )


def test_a_shared_channel_that_cannot_be_read(project: Project, shared: Path) -> None:
    """One sentence and the channel's code; one that is not mounted here is passed over."""
    index = shared / "linux-64/.pybuild/index"
    index.unlink()
    index.mkdir()
    outcome = project.run("plan", "toyext")
    assert outcome.code == 12
    assert f"{index}: cannot be read" in outcome.err
    shutil.rmtree(shared)
    assert "build" in actions(project, "toyext").values()


# Two users


@pytest.fixture
def users(stock: Project, server: Server, store: Store) -> Iterator[Project]:
    """A project that every user may read, with a folder for a group's channel.

    pytest's own temporary folders are closed to others again whenever another run of pytest begins.
    """
    if os.geteuid() != 0:
        pytest.skip("only root can be two users")
    with tempfile.TemporaryDirectory(prefix="pybuild-users-") as folder:
        project = Project(Path(folder), server)
        store.stock(project)
        open_to_all(project.root)
        project.root.chmod(0o1777)  # what holds the build leaves a file there
        channel = project.root / "group"
        channel.mkdir()
        os.chown(channel, 0, GROUP)
        channel.chmod(0o2775)
        for number in (FIRST, SECOND, OUTSIDER):
            home = project.root / str(number)
            home.mkdir()
            shutil.copytree(stock.cache / "sources", home / "cache" / "sources")
            subprocess.run(["chown", "-R", f"{number}:{number}", home], check=True)
        yield project


def own(project: Project, number: int) -> dict[str, str]:
    """Return a user's own environment."""
    home = project.root / str(number)
    return {
        "HOME": str(home), "PYBUILD_CACHE": str(home / "cache"), "TMPDIR": str(home),
        "PYBUILD_CHANNEL": str(project.root / "group"), "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip


@pytest.mark.parametrize("umasks", [("002", "077"), ("077", "077")], ids="-".join)
def test_two_users_one_channel(users: Project, umasks: tuple[str, str]) -> None:
    """Both need one package at the same time: the first builds it, the second waits and takes it.

    Whatever their umasks are: the folder's mode says who may read and write.
    """
    hold = hold_build(users)
    open_to_all(users.root)
    words = ("install", "toyext", "-y", "-p")
    first, second = (users.root / str(n) / "env" for n in (FIRST, SECOND))
    one = users.start(*words, first, environ=own(users, FIRST), before=as_user(FIRST, umasks[0], GROUP))
    until(lambda: reached(hold), one)
    two = users.start(*words, second, environ=own(users, SECOND), before=as_user(SECOND, umasks[1], GROUP))
    assert two.stderr is not None
    seen, lines = "", []
    while "waits: " not in seen:
        seen = two.stderr.readline()
        lines.append(seen)
        assert seen, f"the second run ended instead of waiting: {lines}"
    hold.unlink()
    finished(one).done()
    finished(two).done()
    assert users.imports("toyext", first) == users.imports("toyext", second) == "3.0"
    assert len(list(users.root.glob("6*/cache/logs/toyext-3.0-*"))) == 1
    channel = users.root / "group"
    wrong = [
        str(path) for path in channel.rglob("*")
        if path.stat().st_gid != GROUP or path.stat().st_mode & 0o060 != 0o060
    ]  # fmt: skip
    assert wrong == []

    # The second user adds to what the first has made, and the other way round.
    for number, umask, spec in ((SECOND, umasks[1], "toypure==1.0"), (FIRST, umasks[0], "toypure==2.0")):
        prefix = users.root / str(number) / spec
        run = users.start("install", spec, "-y", "-p", prefix, environ=own(users, number),
                          before=as_user(number, umask, GROUP))  # fmt: skip
        finished(run).done()
    repodata = json.loads((channel / "linux-64/repodata.json").read_text())["packages.conda"]
    assert len([file for file in repodata if file.startswith("toypure-")]) == 2

    # Who is not in the group may use what is there, and is told that he cannot add to it.
    prefix = users.root / str(OUTSIDER) / "env"
    how = {"environ": own(users, OUTSIDER), "before": as_user(OUTSIDER, "022")}
    users.run("install", "toypure==1.0", "-y", "-p", prefix, **how).done()  # type: ignore[arg-type]
    outcome = users.run("install", "toypure==1.0", "--rebuild", "-y", "-p", prefix, **how)  # type: ignore[arg-type]
    assert outcome.code == 12
    assert f"{channel}: the channel cannot be written: permission denied" in outcome.err.lower()
