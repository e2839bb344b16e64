"""A stack upon a conda channel: one solve with the stack's own packages, pinned, and never asked again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.end_to_end import toys
from tests.end_to_end.locks import Repository
from tests.end_to_end.project import Project
from tests.end_to_end.test_stack_lock import release
from tests.installers import installer
from tests.prefix.prefixes import in_child, package

INDEX = "from pybuild.channel.folder import publish\npublish(sys.argv[1], 'linux-64')"


class Channel:
    """A conda channel that has a Python, pip and what a test puts there."""

    def __init__(self, project: Project, tmp_path: Path) -> None:
        self.folder, self.work = project.root / "theirs", tmp_path / "packed"
        shutil.copytree(project.channel, self.folder)
        for path in self.folder.rglob("*"):
            if path.name.startswith("toy") or path.name == ".pybuild":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.put("theirs-pure", "1.5", "other_dist", "1.5")

    def put(self, name: str, version: str, distribution: str, known: str) -> None:
        """Add a conda package that holds a distribution of another name, and index the channel."""
        place = "lib/python3.11/site-packages"
        metadata = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {known}\n"
        info = f"{place}/{distribution}-{known}.dist-info"
        files = {f"{place}/{distribution}.py": "", f"{info}/METADATA": metadata}
        made = package(self.work, f"{name}-{version}-0", files)
        shutil.copy(made, self.folder / "linux-64")
        done = in_child(INDEX, self.folder)
        assert done.returncode == 0, done.stderr


@pytest.fixture
def theirs(project: Project, tmp_path: Path) -> Channel:
    """The channel of the site; the index has a second copy of what it holds."""
    channel = Channel(project, tmp_path)
    project.serve(toys.wheel("other_dist", "3.0"))
    project.serve(toys.wheel("alpha", "1.0", metadata="Requires-Dist: other-dist >=1\n"))
    return channel


@pytest.fixture
def repository(project: Project, theirs: Channel) -> Repository:
    """A stack upon the channel."""
    values = {
        "python": "3.11", "channels": [theirs.folder.as_uri()], "conda": ["theirs-pure 1.*"],
        "recipes": ["toyext"], "index": ["alpha"],
    }  # fmt: skip
    return Repository(project, values)


def test_one_solve_and_a_release_of_it(repository: Repository, theirs: Channel) -> None:
    """Conda packages by address and hash; pip takes conda's copy for what it is, under conda's name."""
    lock = repository.locked()
    assert {p.name for p in lock.conda} == {"python", "pip", "theirs-pure"}
    assert all(p.url.startswith(theirs.folder.as_uri()) and len(p.sha256) == 64 for p in lock.conda)
    assert lock.interpreter == ""
    assert [wheel.name for wheel in lock.index] == ["alpha"]
    assert lock.index[0].requires == ("theirs-pure>=1",)
    assert not repository.project.server.asked("/files/other_dist-3.0-py3-none-any.whl")

    repodata = theirs.folder / "linux-64/repodata.json"
    repodata.unlink()  # a release asks no channel
    prefix = repository.root / "releases/one"
    release(repository, prefix).done()
    project = repository.project
    assert project.imports("toyext", prefix) == "2.0"
    assert project.imports("alpha", prefix) == "1.0"
    (record,) = prefix.glob("conda-meta/theirs-pure-*.json")
    assert json.loads(record.read_text())["channel"].rstrip("/") == theirs.folder.as_uri()
    assert "theirs-pure" in (prefix / "conda-meta/history").read_text().split("# update specs:")[1]


def test_a_newer_package_waits_until_it_is_asked_for(repository: Repository, theirs: Channel) -> None:
    """The old choice is favoured, `--upgrade` lets it go, a changed requirement excludes it."""
    repository.locked()
    first = repository.lock_file.read_bytes()
    theirs.put("theirs-pure", "1.6", "other_dist", "1.6")
    repository.locked()
    assert repository.lock_file.read_bytes() == first
    lock = repository.locked("--upgrade", "theirs-pure")
    assert {p.name: p.version for p in lock.conda}["theirs-pure"] == "1.6"


def test_what_no_channel_has(repository: Repository, theirs: Channel) -> None:
    """No channel, no such package, no such version: a sentence each, and no lock."""
    repository.write(conda=["theirs-pure >=9"], index=None)
    done = repository.run("lock")
    assert (done.code, "theirs-pure" in done.err) == (4, True), done.err
    repository.write(conda=["theirs-pure"], channels=None)
    done = repository.run("lock")
    assert done.code == 4
    assert "neither the request nor the site toy names one" in done.err
    assert "channels: [conda-forge]" in done.err
    repository.write(channels=["file:///nowhere"])
    assert repository.run("lock").code == 4
    repository.write(channels=[theirs.folder.as_uri()], python="/usr/bin/python3")
    done = repository.run("lock")
    assert (done.code, "conda packages need conda's own Python" in done.err) == (4, True), done.err
    assert not repository.lock_file.exists()


def test_one_name_for_two_things(repository: Repository, theirs: Channel) -> None:
    """A wheel cannot stand beside a conda package of its name that is something else."""
    theirs.put("beta", "1.0", "unrelated", "7.0")
    repository.write(conda=["beta ==1.0"], index=["beta==1.0"])
    repository.project.serve(toys.wheel("beta", "1.0"))
    done = repository.run("lock")
    assert done.code == 4
    assert "beta 1.0 cannot stand beside beta 1.0 of conda or a recipe" in done.err


def test_the_base_of_an_installer(repository: Repository) -> None:
    """It runs once, while locking; a release is made of the very packages that it brought, without it."""
    project = repository.project
    donor = project.root / "donor"
    (theirs,) = repository.values["channels"]
    project.site(more=f'channels: ["{theirs}"]\n')
    project.run("env", "create", "-p", donor, "-y", "--python", "3.11").done()
    for path in donor.glob("conda-meta/*.json"):  # as conda itself writes it
        data = json.loads(path.read_text())
        stem = f"{data['name']}-{data['version']}-{data['build']}"
        path.write_text(json.dumps({**data, "url": f"{theirs}/linux-64/{stem}.conda"}))
    made = installer(repository.folder / "Miniforge3.sh", tree=donor, old=str(donor))
    project.site()
    values = {"installer": {"file": "Miniforge3.sh", "sha256": made.sha256}, "python": None, "channels": None}
    repository.write(**values, conda=None, index=["beta"])
    project.serve(toys.wheel("beta", "1.0"))
    lock = repository.locked()
    assert lock.installer == made.sha256
    assert {p.name: p.url.rpartition("/linux-64/")[0] for p in lock.conda} == {
        "python": theirs,
        "pip": theirs,
    }
    assert list(project.cache.glob("lock-*")) == []
    Path(made.file).unlink()
    release(repository, repository.root / "releases/one").done()
    assert project.imports("toyext", repository.root / "releases/one") == "2.0"

    record = next(donor.glob("conda-meta/pip-*.json"))
    data = json.loads(record.read_text())
    record.write_text(json.dumps({**data, "sha256": None}))
    made = installer(repository.folder / "Miniforge3.sh", tree=donor, old=str(donor))
    repository.write(installer={"file": "Miniforge3.sh", "sha256": made.sha256})
    done = repository.run("lock")
    assert (done.code, "its record of pip names no SHA-256" in done.err) == (4, True), done.err
    repository.write(installer={"file": "Miniforge3.sh", "sha256": "a" * 64})
    assert repository.run("lock").code == 7


def test_a_stack_of_conda_packages_alone_is_deployed(project: Project, theirs: Channel) -> None:
    """Its tests run with the release and the site's path, as there is no package that says more."""
    test = {
        "name": "path",
        "command": ["sh", "-c", 'test "$PATH" = "$HOME/bin:/usr/local/bin:/usr/bin:/bin"'],
    }
    values = {
        "python": "3.11", "channels": [theirs.folder.as_uri()], "conda": ["theirs-pure 1.*"],
        "recipes": None, "tests": [test],
    }  # fmt: skip
    repository = Repository(project, values)
    repository.write()
    repository.locked()
    repository.run("deploy", "-y").done()
    assert list((repository.root / "current").glob("conda-meta/theirs-pure-1.5-*.json"))
