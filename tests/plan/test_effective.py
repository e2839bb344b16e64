"""Overrides act exactly where all their conditions hold, in the file's order, each with its reason."""

from __future__ import annotations

import pytest

from pybuild.model.recipe import Build, Check, Condition, Override, Requirements
from pybuild.plan.effective import Effective, effective
from tests.plan.worlds import recipe

BASE = {
    "requirements": Requirements(virtual=("mpi",), build=("setuptools", "cython"), run=("numpy",)),
    "build": Build(system="python", env=(("A", "1"), ("B", "2")), args=("--x",)),
    "tests": (Check(imports=("thing",)),),
}


def result(
    *overrides: Override,
    version: str = "3.1",
    python: str = "3.11.7",
    options: tuple[str, ...] = (),
    site: str = "here",
) -> Effective:
    made = recipe("thing", version, overrides=overrides, **BASE)
    return effective(made, made.releases[0], python=python, options=options, site=site)


@pytest.mark.parametrize(
    ("when", "acts"),
    [
        (Condition(version="<4"), True),
        (Condition(version=">=4"), False),
        (Condition(python="<3.8"), False),
        (Condition(python=">=3.11"), True),
        (Condition(option="exe"), True),
        (Condition(option="other"), False),
        (Condition(site="here"), True),
        (Condition(site="there"), False),
        (Condition(version="<4", python=">=3.11", option="exe", site="here"), True),
        (Condition(version=">=4", python=">=3.11", option="exe", site="here"), False),
        (Condition(version="<4", python="<3", option="exe", site="here"), False),
        (Condition(version="<4", python=">=3.11", option="no", site="here"), False),
        (Condition(version="<4", python=">=3.11", option="exe", site="no"), False),
    ],
)
def test_every_condition_that_is_given_must_hold(when: Condition, acts: bool) -> None:
    """One condition that fails is enough to leave the override out, and its reason with it."""
    override = Override(when=when, reason="because", build=(("system", "distutils"),))
    now = result(override, options=("exe",))
    assert (now.build.system == "distutils") is acts
    assert now.notes == (("because",) if acts else ())


def test_lists_replace_and_the_environment_merges() -> None:
    """What an override does not name stays; a variable of it wins over the recipe's."""
    now = result(
        Override(
            when=Condition(version="<4"),
            requirements=(("build", ("setuptools <81",)),),
            build=(("env", {"B": "3", "C": "4"}), ("args", ())),
        )
    )
    assert now.requirements == Requirements(virtual=("mpi",), build=("setuptools <81",), run=("numpy",))
    assert now.build == Build(system="python", env=(("A", "1"), ("B", "3"), ("C", "4")), args=())
    assert now.tests == BASE["tests"]


def test_later_overrides_win() -> None:
    """The file's order is the order of application."""
    first = Override(when=Condition(version="<4"), reason="one", requirements=(("run", ("a",)),))
    second = Override(when=Condition(site="here"), reason="two", requirements=(("run", ("b",)),), tests=())
    assert result(first, second).requirements.run == ("b",)
    assert result(second, first).requirements.run == ("a",)
    assert result(first, second).notes == ("one", "two")
    assert result(first, second).tests == ()


def test_without_overrides_the_recipe_is_as_written() -> None:
    """Nothing is changed and nothing is noted."""
    now = result()
    assert (now.requirements, now.build, now.tests, now.notes) == (*BASE.values(), ())
