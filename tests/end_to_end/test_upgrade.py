"""An upgrade makes newer what was asked for, builds again what the site changed, and else does nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.project import Project, changed, snapshot

TOYCC = """\
#!/bin/sh
[ "$1" = --version ] && { echo "toycc VERSION"; exit; }
exec gcc "$@"
"""


@pytest.fixture
def old(peopled: Project) -> Project:
    """A prefix with toypure 1.0, toyext 1.0 and the toy MPI."""
    peopled.install("toyext==1.0").done()
    return peopled


def test_newest_of_all_that_was_asked_for(old: Project) -> None:
    """Shown first, asked for, then installed and verified like an installation; the MPI stays."""
    before = snapshot(old.prefix)
    shown = old.run("upgrade", "--dry-run").done().out
    assert "upgrades 1.0" in shown
    assert old.run("upgrade").code == 2
    assert changed(before, snapshot(old.prefix)) == []
    mpi = old.note("toympi")["build"]

    outcome = old.run("upgrade", "-y").done()

    assert "done: toyext 2.0" in outcome.err
    assert "done: toypure 2.0" in outcome.err
    assert (old.imports("toyext"), old.imports("toypure")) == ("2.0", "2.0")
    assert (old.note("toyext")["level"], old.note("toyext")["requested"]) == ("ranked", True)
    assert old.note("toympi")["build"] == mpi
    pinned = (old.prefix / "conda-meta/pinned").read_text()
    assert f"toyext 2.0 {old.note('toyext')['build']}" in pinned


def test_only_what_is_named(old: Project) -> None:
    """The rest stays as it is; data says what changed."""
    outcome = old.run("upgrade", "toypure", "-y", "--json").done()
    assert outcome.data == {"changed": True, "levels": {"toypure": "imported"}}
    assert (old.imports("toyext"), old.imports("toypure")) == ("1.0", "2.0")


def test_nothing_newer(old: Project) -> None:
    """Nothing is changed anywhere, nothing is asked over the network, and nobody is asked; the site stays."""
    old.run("upgrade", "-y").done()
    before = snapshot(old.prefix, old.channel, old.cache, old.home)
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PYBUILD_SITE": "generic"}

    assert "nothing to do" in old.run("upgrade", environ=nowhere).done().err
    assert old.run("upgrade", "--json", environ=nowhere).done().data["changed"] is False

    assert changed(before, snapshot(old.prefix, old.channel, old.cache, old.home)) == []


def test_another_compiler_builds_the_same_release_again(project: Project) -> None:
    """The reason stands in the plan and in the record; what was not compiled stays."""
    programs = project.root / "bin"
    programs.mkdir()
    _toycc(programs, "1.0")
    project.site(cc="toycc", path=f"{programs}, /usr/bin, /bin")
    project.install("toyext==1.0", "toypure==1.0", environ={"PATH": f"{programs}:/usr/bin:/bin"}).done()
    before = project.note("toyext")
    folder = project.recipes / "toyext/recipe.yaml"
    lines = [line for line in folder.read_text().splitlines() if '"2.0"' not in line]
    folder.write_text("\n".join(lines))
    _toycc(programs, "2.0")

    outcome = project.run("upgrade", "toyext", "-y", environ={"PATH": f"{programs}:/usr/bin:/bin"}).done()

    assert "toycc 1.0 was, 2.0 is" in outcome.err
    after = project.note("toyext")
    assert (after["version"], after["level"]) == ("1.0", "ranked")
    assert after["key"] != before["key"]
    assert "toycc 1.0 was, 2.0 is" in project.run("info", "toyext").done().out
    assert project.imports("toyext") == "1.0"
    assert project.imports("toypure") == "1.0"


def _toycc(folder: Path, version: str) -> None:
    (folder / "toycc").write_text(TOYCC.replace("VERSION", version))
    (folder / "toycc").chmod(0o755)


def test_what_has_lost_its_recipe_stays(old: Project) -> None:
    """That is said, and the others are upgraded; by name it is refused."""
    (old.recipes / "toyext/recipe.yaml").rename(old.root / "recipe.yaml")
    (old.recipes / "toyext/ranks.py").unlink()
    (old.recipes / "toyext").rmdir()

    outcome = old.run("upgrade", "-y").done()

    assert "toyext stays as it is: there is no recipe of that name" in outcome.err
    assert (old.imports("toyext"), old.imports("toypure")) == ("1.0", "2.0")
    assert "toyext" in old.run("upgrade", "toyext", "-y").err.splitlines()[0]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("numpy",), 10, "did not install 'numpy'"),
        (("setuptoys",), 10, "setuptoys is conda's, pybuild did not install it"),
        (("python",), 10, "the Python of a prefix stays as it is"),
        (("toypure>1",), 2, "upgrade takes names, found 'toypure>1'"),
        (("toypure", "--submit", "--job-options", "'"), 2, "no closing quotation"),
        (("-p", "/nonexistent"), 10, "/nonexistent: is no conda prefix"),
    ],
)
def test_refusals(peopled: Project, words: tuple[str, ...], code: int, says: str) -> None:
    """What cannot be upgraded is said in a sentence with a hint, and nothing changes."""
    (peopled.prefix / "conda-meta/setuptoys-1.0-0.json").write_text("{}")
    before = snapshot(peopled.prefix)
    outcome = peopled.run("upgrade", *words, "-y")
    assert outcome.code == code
    assert says in outcome.err
    assert "hint: " in outcome.err
    assert changed(before, snapshot(peopled.prefix)) == []


def test_who_asked_stays_known(project: Project) -> None:
    """What was asked for once is upgraded later, although it changed for the sake of another in between."""
    project.install("toypure==1.0").done()
    recipe = project.recipes / "toyext/recipe.yaml"
    recipe.write_text(
        recipe.read_text().replace("  build: [setuptools]", "  build: [setuptools]\n  run: [toypure >1]")
    )
    project.install("toyext").done()
    assert project.note("toypure")["version"] == "2.0"
    assert project.note("toypure")["requested"]
