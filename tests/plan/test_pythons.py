"""A new prefix gets the best interpreter for which everything asked for has a release."""

from __future__ import annotations

import pytest

from pybuild.errors import PlanError
from pybuild.model.machine import Interpreter
from pybuild.plan.pythons import choose_python
from pybuild.plan.specs import parse_spec
from tests.plan.worlds import interpreter, machine, recipe, release

RECIPES = {
    r.name: r for r in (recipe("old", release("1.0", "<3.10")), recipe("new", release("1.0", ">=3.9")))
}
THREE = (interpreter("3.13.0"), interpreter("3.9.2"), interpreter("3.6.15"))


def choose(
    *specs: str, found: tuple[Interpreter, ...] = THREE, wanted: str | None = None
) -> tuple[str, tuple[str, ...]]:
    chosen, notes = choose_python(
        machine(interpreters=found), wanted, tuple(parse_spec(s) for s in specs), RECIPES
    )
    return chosen.version, notes


def test_the_first_that_fits_every_spec() -> None:
    """3.13 has no release of one, 3.6 none of the other: 3.9 serves both."""
    version, notes = choose("old", "new")
    assert version == "3.9.2"
    assert notes == ("/usr/bin/python3.13.0 passed over: old: no version fits: 1.0 needs Python <3.10, the prefix has 3.13.0",)  # fmt: skip  # noqa: E501


def test_a_rejected_interpreter_is_passed_over_with_its_reason() -> None:
    """One without headers, for example; nothing is said about those after the one chosen."""
    found = (interpreter("3.13.0", rejected="it has no C headers"), *THREE[1:])
    assert choose("new", found=found) == (
        "3.9.2",
        ("/usr/bin/python3.13.0 passed over: it has no C headers",),
    )
    assert choose("new") == ("3.13.0", ())


def test_when_none_has_a_release_the_best_ones_reason_is_given() -> None:
    """The release's own sentence, not "no Python": the user changes the version, not the machine."""
    with pytest.raises(PlanError, match=r"old: no version matches '==2'"):
        choose("old==2")


def test_when_there_is_no_interpreter_the_way_out_is_named() -> None:
    """What was asked for, why each was refused, and what to install."""
    with pytest.raises(PlanError, match=r"needs Python 3\.12 .*: none was found") as caught:
        choose("new", found=(), wanted="3.12")
    assert "python3-dev" in str(caught.value.hint)
    with pytest.raises(PlanError, match=r"needs a Python .*: /p passed over: broken"):
        choose("new", found=(interpreter("3.9.2", path="/p", rejected="broken"),))
