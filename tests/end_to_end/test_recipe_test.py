"""``pybuild recipe test``: throw-away prefixes, the ordinary installation, rows, and records of proofs."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from pybuild import __version__
from pybuild.load.proofs import read_proofs
from tests.end_to_end import toys
from tests.end_to_end.project import BASE, Outcome, Project, changed, clone, snapshot


def channel(project: Project) -> Path:
    """Return the channel of the tests, which begins with everything that the users' one has."""
    found = project.cache / "test/channel"
    if not found.exists():
        clone(project.channel, found)
    return found


def run_test(project: Project, *words: object) -> Outcome:
    """Run the command with the interpreter that the channel's packages are for."""
    channel(project)
    return project.run("recipe", "test", "--python", BASE, *words)


def rows(outcome: Outcome) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(outcome.out)
    return found


def left(project: Project) -> list[str]:
    """Return what tests have left behind beside their channel."""
    return sorted(path.name for path in (project.cache / "test").iterdir() if path.name != "channel")


def test_a_recipe_is_built_and_ranked_in_a_prefix_that_goes(project: Project) -> None:
    """One row says what was built, with what, where and how far; nothing stays but the tests' channel."""
    before = snapshot(project.channel)
    outcome = run_test(project, "toyext").done()
    assert re.search(r"^toyext +2\.0 +Python 3\.\d+\.\d+ +toy +ranked +\d+\.\d s$", outcome.out, re.MULTILINE)
    assert left(project) == []
    assert changed(before, snapshot(project.channel)) == []
    assert not project.prefix.exists()


def test_what_the_channel_has_is_built_all_the_same(project: Project) -> None:
    """The named recipe is; what it needs comes from the channel."""
    outcome = run_test(project, "toyext").done()
    assert "toyext: build" in outcome.err
    assert "toympi: stage-wheel" not in outcome.err
    assert len(list(channel(project).glob("linux-*/toyext-2.0-*.conda"))) == 2


def test_a_failure_is_told_and_the_others_go_on(project: Project) -> None:
    """The broken recipe's sentence, log lines and log; the next one is proven; the code is the failure's."""
    broken = toys.sdist("toybad", "1.0", {"core.c": "#error out of flux\n"})
    project.recipe("toybad", toys.extension_recipe(broken))
    project.serve(broken)
    outcome = run_test(project, "toybad", "toypure")
    assert outcome.code == 5
    assert re.search(r"^toybad +1\.0 .* FAILED ", outcome.out, re.MULTILINE)
    assert "error: toybad 1.0: the step 'build' failed" in outcome.out
    assert "out of flux" in outcome.out
    assert "log: " in outcome.out
    assert re.search(r"^toypure +2\.0 .* imported ", outcome.out, re.MULTILINE)
    assert "1 of 2 runs failed" in outcome.err


def test_a_prefix_that_fails_its_checks_is_kept(project: Project) -> None:
    """To look at; the row names it, and the highest code of all runs is returned."""
    recipe = project.recipes / "toypure/recipe.yaml"
    recipe.write_text(recipe.read_text().replace("imports: [toypure]", "imports: [toypure.missing]"))
    outcome = run_test(project, "toypure", "--json")
    assert outcome.code == 11
    (row,) = rows(outcome)
    assert row["code"] == 11
    assert row["level"] == ""
    assert "toypure.missing" in row["failure"]
    assert (Path(row["prefix"]) / "bin/python").exists()
    assert str(project.cache / "test") in row["prefix"]


def test_keep_keeps_it_in_any_case(project: Project) -> None:
    """And says where."""
    outcome = run_test(project, "toypure", "--keep").done()
    (kept,) = left(project)
    assert f"prefix: {project.cache}/test/{kept}/prefix" in outcome.out


def test_version_and_option_are_those_asked_for(project: Project) -> None:
    """Not the newest then, and the option is in the row."""
    recipe = project.recipes / "toyext/recipe.yaml"
    text = recipe.read_text() + "options: {loud: {summary: prints more}}\n"
    recipe.write_text(text)
    outcome = run_test(project, "toyext", "--version", "1.0", "--option", "loud", "--json").done()
    (row,) = rows(outcome)
    assert (row["version"], row["options"], row["level"]) == ("1.0", ["loud"], "ranked")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("toyext", "--version", "7.0"), 4, "--version: found '7.0', but toypure has 1.0, 2.0"),
        (("toyext", "--option", "loud"), 4, "--option: found 'loud', but toypure has none"),
        (("toyext", "nosuch"), 4, "there is no recipe for 'nosuch'"),
        (("toyext", "--python", "3.11,3.99"), 4, "--python: found 3.99, but this machine has 3."),
        (("toyext", "--python", ","), 2, "--python: found ','"),
        (("toyext", "--use", "mpi"), 2, "--use: found 'mpi'"),
        (("toyext", "--box"), 2, "--box: site toy has no modules to imitate"),
    ],
)
def test_what_makes_no_sense_is_told_before_anything_is_built(
    project: Project, words: tuple[str, ...], code: int, says: str
) -> None:
    """Even if other runs could be made."""
    outcome = project.run("recipe", "test", "toypure", *words)
    assert outcome.code == code, outcome.err
    assert says in outcome.err
    assert outcome.out == ""
    assert not (project.cache / "test").exists()


def test_a_record_stands_beside_the_recipe(project: Project) -> None:
    """What was built with what, when, on what machine: no host, no path; lint and the reader take it."""
    run_test(project, "toyext", "--record").done()
    (row,) = read_proofs(str(project.recipes / "toyext"))
    assert (row.version, row.options, row.site, row.level, row.box) == ("2.0", (), "toy", "ranked", False)
    assert row.date == time.strftime("%Y-%m-%d", time.gmtime())
    assert row.pybuild == __version__
    assert dict(row.providers)["mpi"] == "toympi 1.0"
    text = (project.recipes / "toyext/proof.yaml").read_text()
    assert str(project.root) not in text
    assert Path("/proc/sys/kernel/hostname").read_text().strip() not in text
    assert "/" not in re.sub(r"GNU/Linux|^#.*$", "", text, flags=re.MULTILINE)
    assert yaml.safe_load(text)["proofs"][0]["python"] == row.python


def test_a_newer_record_takes_the_place_of_the_old(project: Project) -> None:
    """Of the same release, options, minor Python and site; what is about others stays, newest first."""
    run_test(project, "toyext", "--record").done()
    file = project.recipes / "toyext/proof.yaml"
    file.write_text(re.sub(r'date: "[\d-]+"', 'date: "2001-01-01"', file.read_text()))
    run_test(project, "toyext", "--version", "1.0", "--record").done()
    run_test(project, "toyext", "--record").done()
    found = read_proofs(str(project.recipes / "toyext"))
    assert [row.version for row in found] == ["2.0", "1.0"]
    assert all(row.date > "2020" for row in found)


def test_a_failure_records_nothing(project: Project) -> None:
    """And leaves alone what was proven before."""
    recipe = project.recipes / "toypure/recipe.yaml"
    recipe.write_text(recipe.read_text().replace("imports: [toypure]", "imports: [toypure.missing]"))
    assert run_test(project, "toypure", "--record").code == 11
    assert not (project.recipes / "toypure/proof.yaml").exists()


def test_what_is_installed_can_be_recorded_without_building(peopled: Project) -> None:
    """It is verified again; a recipe that says something else by now is another recipe, a comment is not."""
    recipe = peopled.recipes / "toypure/recipe.yaml"
    recipe.write_text("# a comment\n" + recipe.read_text() + "unproven: true\n")
    words = ("recipe", "test", "toypure", "--installed", peopled.prefix, "--record")
    outcome = peopled.run(*words).done()
    (row,) = read_proofs(str(recipe.parent))
    assert (row.version, row.site, row.level) == ("1.0", "toy", "imported")
    assert "stage" not in outcome.err
    assert peopled.prefix.exists()
    recipe.write_text(recipe.read_text().replace("imports: [toypure]", "imports: [toypure, toypure]"))
    other = peopled.run(*words)
    assert other.code == 4
    assert "was built with another recipe than" in other.err


def test_what_is_installed_and_broken_is_not_recorded(peopled: Project) -> None:
    """The level of the installation counts for nothing if it does not hold today."""
    (package,) = peopled.prefix.glob("lib/python3*/site-packages/toypure/__init__.py")
    package.unlink()  # a hard link to the cache's file, which stays as it is
    package.write_text("raise ImportError('gone wrong')\n")
    outcome = peopled.run("recipe", "test", "toypure", "--installed", peopled.prefix, "--record")
    assert outcome.code == 11
    assert "FAILED" in outcome.out
    assert not (peopled.recipes / "toypure/proof.yaml").exists()
    assert peopled.run("recipe", "test", "toyext", "--installed", peopled.prefix).code == 10
    assert peopled.run("recipe", "test", "toypure", "--installed", peopled.prefix, "--box").code == 2
