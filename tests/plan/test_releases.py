"""The newest release that fits is chosen, and every newer one is passed over with its reason."""

from __future__ import annotations

import pytest

from pybuild.errors import PlanError
from pybuild.model.recipe import Option
from pybuild.plan.releases import choose_release, newest_first, satisfies
from pybuild.plan.specs import parse_spec
from tests.plan.worlds import recipe, release

RECIPE = recipe(
    "thing",
    release("3.0.3", ">=2.7,<3.10"),
    release("4.1.2", ">=3.8"),
    release("4.0.10", ">=3.6"),
    release("4.0.9", ">=3.6"),
    release("5.0rc1", ">=3.8"),
    options=(Option(name="exe", summary="x", versions="<4"),),
)


@pytest.mark.parametrize(
    ("spec", "python", "version"),
    [
        ("thing", "3.11.7", "4.1.2"),
        ("thing", "3.7.3", "4.0.10"),
        ("thing", "2.7.18", "3.0.3"),
        ("thing<4.1", "3.11.7", "4.0.10"),
        ("thing[exe]", "3.9.1", "3.0.3"),
        ("thing==5.0rc1", "3.11.7", "5.0rc1"),
        ("thing>=5.0rc1", "3.11.7", "5.0rc1"),
    ],
)
def test_the_newest_that_fits(spec: str, python: str, version: str) -> None:
    """Versions are compared as versions (4.0.10 is newer than 4.0.9), pre-releases come last."""
    assert choose_release(RECIPE, parse_spec(spec), python).version == version


def test_no_matching_version_lists_what_there_is() -> None:
    """The message has every version, newest first, and the hint the command that shows the recipe."""
    with pytest.raises(PlanError, match=r"matches '==9'; the recipe has 4\.1\.2, 4\.0\.10, 4\.0\.9, 3\.0\.3"):
        choose_release(RECIPE, parse_spec("thing==9"), "3.11.7")


def test_no_version_for_this_python_says_so() -> None:
    """The Python is named, so that the user sees what to change."""
    with pytest.raises(
        PlanError, match=r"no version fits: 3\.0\.3 needs Python >=2\.7,<3\.10, .* has 3\.11\.7$"
    ):
        choose_release(RECIPE, parse_spec("thing<4"), "3.11.7")


def test_an_unknown_option_suggests_the_near_one() -> None:
    """A typing mistake gets the right word; a recipe without options says that."""
    with pytest.raises(PlanError, match="no option 'exec'; it has exe") as caught:
        choose_release(RECIPE, parse_spec("thing[exec]"), "3.9.1")
    assert caught.value.hint == "did you mean thing[exe]?"
    with pytest.raises(PlanError, match="it has no options"):
        choose_release(recipe("bare"), parse_spec("bare[exe]"), "3.9.1")


def test_newest_first_puts_finished_releases_before_unfinished_ones() -> None:
    """A release candidate is never chosen for being newer."""
    assert [r.version for r in newest_first(RECIPE.releases)][-1] == "5.0rc1"


@pytest.mark.parametrize(
    ("version", "specifier", "holds"),
    [("3.8.10", "<3.8", False), ("3.7.17", "<3.8", True), ("5.0rc1", "<5", False), ("1.0", "", True)],
)
def test_satisfies_reads_full_versions(version: str, specifier: str, holds: bool) -> None:
    """A patch release of 3.8 is not below 3.8; a pre-release of 5 is not below 5."""
    assert satisfies(version, specifier) is holds
