"""Where what is only needed comes from: the prefix, else the site's conda channels, else the index."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.end_to_end import toys
from tests.end_to_end.project import Project


@pytest.fixture
def theirs(project: Project) -> Path:
    """A prefix without toypure, a package that needs it, and a foreign channel with both its versions."""
    project.install("toypure==2.0").done()
    channel = project.root / "theirs"
    shutil.copytree(project.channel, channel)
    for folder in channel.rglob(".pybuild"):
        shutil.rmtree(folder)
    project.run("uninstall", "toypure", "-y").done()
    top = toys.wheel("toytop", "1.0", {"toytop/__init__.py": 'version = "1.0"\n'})
    project.serve(top)
    project.recipe("toytop", toys.pure_recipe(top) + 'requirements: {run: ["toypure <2"]}\n')
    return channel


def test_a_need_comes_from_the_sites_channel(project: Project, theirs: Path) -> None:
    """In the version that is needed; what the prefix has stays, and the plan says where it comes from."""
    before = set(project.prefix.glob("conda-meta/*.json"))
    project.site(more=f'channels: ["{theirs.as_uri()}"]\n')
    shown = project.run("plan", "toytop").done().out
    assert f"from conda channel {theirs.as_uri()}" in shown
    made = project.run("plan", "toytop", "--json").done().data
    assert [(p["name"], p["version"], p["action"]) for p in made["packages"]] == [
        ("toypure", "1.0", "conda"), ("toytop", "1.0", "build"),
    ]  # fmt: skip
    project.install("toytop").done()

    assert project.imports("toypure") == "1.0"
    (record,) = project.prefix.glob("conda-meta/toypure-*.json")
    assert json.loads(record.read_text())["channel"].rstrip("/") == theirs.as_uri()
    assert before < set(project.prefix.glob("conda-meta/*.json"))
    assert not (project.prefix / "conda-meta/pybuild/toypure.json").exists()
    again = project.run("plan", "toytop", "--rebuild", "--json").done().data
    assert {p["name"]: p["action"] for p in again["packages"]}["toypure"] == "keep"


def test_what_is_asked_for_never_comes_from_there(project: Project, theirs: Path) -> None:
    """Whoever names a package gets the recipe's."""
    project.site(more=f'channels: ["{theirs.as_uri()}"]\n')
    made = project.run("plan", "toytop", "toypure", "--json").done().data
    assert {p["name"]: p["action"] for p in made["packages"]} == {"toypure": "channel", "toytop": "build"}


def test_a_channel_that_lacks_it(project: Project, theirs: Path) -> None:
    """Then the index gives it, without a word."""
    for path in theirs.rglob("toypure-*"):
        path.unlink()
    for index in theirs.rglob("repodata*"):
        data = json.loads(index.read_text())
        for kind in ("packages", "packages.conda"):
            data[kind] = {file: row for file, row in data[kind].items() if row["name"] != "toypure"}
        index.write_text(json.dumps(data))
    project.site(more=f'channels: ["{theirs.as_uri()}"]\n')
    made = project.run("plan", "toytop", "--json").done().data
    assert {p["name"]: p["action"] for p in made["packages"]} == {"toypure": "channel", "toytop": "build"}
    assert made["notes"] == []


def test_a_channel_that_does_not_answer(project: Project, theirs: Path) -> None:
    """The plan says so, and the index gives what is needed."""
    shutil.rmtree(theirs)
    project.site(more=f'channels: ["{theirs.as_uri()}"]\n')
    shutil.rmtree(project.channel)
    shown = project.run("plan", "toytop").done().out
    assert "no conda channel answered" in shown
    assert "toypure  1.0" in shown
    assert "from the index as a wheel" in shown
