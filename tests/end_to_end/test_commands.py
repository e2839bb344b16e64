"""The other commands, on a prefix in use, and the data that they print for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.end_to_end.project import Project, changed, snapshot


@pytest.fixture
def complete(peopled: Project) -> Project:
    """A prefix with toypure 1.0, toyext 1.0 and the toy MPI."""
    peopled.install("toyext==1.0").done()
    return peopled


def test_uninstall_removes_every_trace(complete: Project) -> None:
    """Files, conda's record, the note and the pin go; history says so; what is left still works."""
    note = complete.note("toyext")

    outcome = complete.run("uninstall", "toyext", "-y", "--json").done()

    assert outcome.data == {"removed": ["toyext"]}
    assert [path for path in complete.prefix.rglob("*") if "toyext" in path.name] == []
    assert "toyext" not in (complete.prefix / "conda-meta/pinned").read_text()
    history = (complete.prefix / "conda-meta/history").read_text()
    last = history[history.rindex("==> ") :]
    assert f"-toyext-1.0-{note['build']}" in last.replace(complete.channel.as_uri() + "/linux-64::", "")
    assert '# remove specs: ["toyext"]' in last
    assert (complete.imports("toyext"), complete.imports("toypure")) == ("", "1.0")
    complete.install("toyext==1.0").done()
    assert complete.imports("toyext") == "1.0"


def test_uninstall_refuses_what_another_package_is_bound_to(complete: Project) -> None:
    """The MPI that toyext was built against goes only together with it."""
    before = snapshot(complete.prefix)
    outcome = complete.run("uninstall", "toympi", "-y")
    assert outcome.code == 10
    assert "error: toympi is the mpi that toyext was built against" in outcome.err
    assert f"hint: pybuild uninstall toympi toyext -p {complete.prefix}" in outcome.err
    assert changed(before, snapshot(complete.prefix)) == []
    complete.run("uninstall", "toympi", "toyext", "-y").done()
    assert not (complete.prefix / "lib/libmpi.so.12").exists()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("uninstall", "numpy", "-y"), 10, "did not install 'numpy'"),
        (("uninstall", "toypure"), 2, "no terminal"),
        (("info", "numpy"), 10, "did not install 'numpy'"),
        (("log", "numpy"), 10, "did not install 'numpy'"),
        (("list", "-p", "/nonexistent"), 10, "/nonexistent: there is no such prefix"),
    ],
)
def test_refusals(complete: Project, words: tuple[str, ...], code: int, says: str) -> None:
    """What a command cannot do it says in a sentence, and changes nothing."""
    before = snapshot(complete.prefix)
    outcome = complete.run(*words)
    assert outcome.code == code
    assert says in outcome.err
    assert outcome.out == ""
    assert changed(before, snapshot(complete.prefix)) == []


def test_list_sees_what_conda_removed(complete: Project) -> None:
    """A package whose conda record is gone is listed as gone; the next install brings it back."""
    (record,) = complete.prefix.glob("conda-meta/toypure-*.json")
    owned = json.loads(record.read_text())["files"]
    record.unlink()  # as conda remove does: the record, and every file that it names
    for name in owned:
        (complete.prefix / name).unlink()

    rows = {row["name"]: row for row in complete.run("list", "--json").done().data}
    lines = complete.run("list").done().out.splitlines()

    assert {name: row["installed"] for name, row in rows.items()} == {
        "python": True, "pip": True, "toympi": True, "toyext": True, "toypure": False
    }  # fmt: skip
    assert [line for line in lines if line.startswith("toypure") and "gone" in line]
    assert rows["toyext"]["level"] == "ranked"
    complete.install("toypure==1.0").done()
    assert complete.imports("toypure") == "1.0"


def test_reading_commands(complete: Project) -> None:
    """``info``, ``log``, ``recipe`` and ``site`` tell what is there, as text and as data."""
    before = snapshot(complete.prefix)

    info = complete.run("info", "toyext", "--json").done().data
    assert info["note"]["version"] == "1.0"
    assert info["record"]["package"]["build"]["steps"]
    assert "toympi 1.0" in complete.run("info", "toyext").done().out
    log = complete.run("log", "toyext", "--json").done().data
    assert Path(log["path"]).read_text() == log["log"] == complete.run("log", "toyext").done().out
    assert "-m build --wheel" in log["log"]
    assert complete.run("recipe", "show", "toyext", "--json").done().data["name"] == "toyext"
    assert "2.0" in complete.run("recipe", "show", "toyext").done().out
    names = complete.run("recipe", "list", "--json").done().data
    assert {"toyext", "mpi4py"} <= set(names)
    assert names == complete.run("recipe", "list").done().out.splitlines()
    sites = complete.run("site", "list", "--json").done().data
    assert {"generic", "toy"} <= {site["name"] for site in sites}
    assert complete.run("site", "show", "--json").done().data["name"] == "toy"
    assert complete.run("site", "show", "generic").done().out.splitlines()[0].startswith("generic: ")
    assert complete.run("script", "toyext==2.0", "--json").done().data["script"].startswith("#!/bin/bash")
    assert complete.run("plan", "toyext==2.0", "--json").done().data["specs"] == ["toyext==2.0"]
    assert changed(before, snapshot(complete.prefix)) == []


def test_lint(complete: Project) -> None:
    """``recipe lint`` passes what comes with pybuild and names every problem of a bad recipe."""
    assert complete.run("recipe", "lint", "mpi4py", "mpich", "--json").done().data == []
    path = complete.recipes / "toyext/recipe.yaml"
    path.write_text(path.read_text().replace("versions:", "versoins:"))
    outcome = complete.run("recipe", "lint", "toyext", "--json")
    assert outcome.code == 3
    assert any("versoins" in problem for problem in outcome.data)


def test_verify_raises_the_level(project: Project) -> None:
    """``install --verify linked`` stops there; ``verify`` proves the rest, and install is then satisfied."""
    project.install("toyext==1.0", "--verify", "linked").done()
    assert project.note("toyext")["level"] == "linked"
    reached = project.run("verify", "toyext", "--json").done().data
    assert reached == {"toyext": "ranked"}
    assert project.note("toyext")["level"] == "ranked"
    project.run("verify", "toyext", "--level", "linked").done()
    note = project.note("toyext")
    assert note["level"] == "ranked", "a weaker check takes nothing away"
    assert {proof["level"] for proof in note["proofs"]} == {"built", "linked", "imported", "ranked"}
    assert "nothing to do" in project.install("toyext==1.0", "--verify", "ranked").done().err


def test_verify_tells_the_others_where_one_fails(peopled: Project) -> None:
    """The level of each as data and as a table, and then the error with its code."""
    module = next(peopled.prefix.glob("lib/python3*/site-packages/toypure/__init__.py"))
    module.unlink()
    module.write_text("raise RuntimeError('broken by hand')\n")
    outcome = peopled.run("verify", "--json")
    assert (outcome.code, outcome.data.keys()) == (11, {"pip", "python", "toypure"})
    assert outcome.data["pip"] == "imported"
    assert "broken by hand" in outcome.err
    told = peopled.run("verify")
    assert (told.code, len(told.out.splitlines())) == (11, 3)


def test_install_says_what_it_did_as_data(project: Project) -> None:
    """``install --json`` says whether anything changed and how far each package is proven."""
    first = project.install("toypure==1.0", "--json").done().data
    again = project.install("toypure==1.0", "--json").done().data
    assert first["changed"] is True
    assert first["levels"]["toypure"] == "imported"
    assert again["changed"] is False
