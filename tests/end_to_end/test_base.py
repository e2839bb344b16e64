"""Where the Python of a new prefix comes from: a conda channel of the site, or this machine."""

from __future__ import annotations

import json
import shutil

from tests.end_to_end.project import BASE, Project


def test_conda_channel_of_the_site(project: Project) -> None:
    """A site with a conda channel gets its new prefixes from there; our packages go on top of it."""
    theirs = project.root / "theirs"
    shutil.copytree(project.channel, theirs)
    for kind in ("toy", "python", "pip"):
        for path in (*project.channel.rglob(f"{kind}*"),):
            path.unlink(missing_ok=True)
    for path in (*theirs.rglob("toy*"), *theirs.rglob(".pybuild")):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    project.site(more=f'channels: ["{theirs.as_uri()}"]\n')
    minor = ".".join(project.run("plan", "toypure", "--json").done().data["python"].split(".")[:2])

    words = ("toypure==1.0", "--python", minor)
    plan = project.run("plan", *words, "--json").done().data
    assert {p["name"]: p["action"] for p in plan["packages"]} == {
        "python": "conda", "pip": "conda", "toypure": "build"
    }  # fmt: skip
    project.install(*words).done()

    assert project.imports("toypure") == "1.0"
    history = (project.prefix / "conda-meta/history").read_text()
    assert f"+{theirs.as_uri()}/linux-64::python-3." in history
    (record,) = project.prefix.glob("conda-meta/python-*.json")
    assert json.loads(record.read_text())["channel"].rstrip("/") == theirs.as_uri()
    assert project.built("python") == []


def test_channel_that_does_not_answer(project: Project) -> None:
    """Where no channel answers, the plan says so and the machine's own Python serves."""
    project.site(more=f'channels: ["{(project.root / "nowhere").as_uri()}"]\n')
    minor = ".".join(project.run("plan", "toypure", "--json").done().data["python"].split(".")[:2])
    plan = project.run("plan", "toypure", "--python", minor).done().out
    assert "no conda channel answered" in plan
    assert "of the new prefix comes from" in plan


def test_named_interpreter(project: Project) -> None:
    """``--python PATH`` is taken, whatever else is there."""
    plan = project.run("plan", "toypure", "--python", BASE, "--json").done().data
    assert any(BASE in note for note in plan["notes"])
