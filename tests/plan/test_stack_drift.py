"""plan/stack_drift.py: each thing that is different is told once, in words; what changes no build is none."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings

from pybuild.model.stack import Lock
from pybuild.plan.stack_drift import drift, new_texts
from tests.plan.locks import lock, locks, recipe, site


@settings(max_examples=100)
@given(made=locks())
def test_a_lock_has_not_drifted_from_itself(made: Lock) -> None:
    """Nor by another text of its recipes, another stack file, or packages that are pinned anyway."""
    assert drift(made, made) == ()
    texts = tuple(replace(one, digest="other") for one in made.recipes)
    now = replace(made, recipes=texts, declared="other", conda=(), index=())
    assert drift(made, now) == ()
    assert set(new_texts(made, now)) == {one.name for one in made.recipes}


@settings(max_examples=100)
@given(made=locks(), other=locks())
def test_whatever_changes_a_build_or_the_site_is_told(made: Lock, other: Lock) -> None:
    """Held against keys, site, Python and platform alone."""

    def exact(one: Lock) -> object:
        keys = {recipe.name: recipe.key for recipe in one.recipes}
        return keys, one.site, one.python, one.interpreter, one.subdir

    assert (drift(made, other) == ()) == (exact(made) == exact(other))


def test_in_words() -> None:
    """The site first; then what would be built differently, with its own reasons where it has some."""
    before = lock(
        interpreter="a", site=site(modules=("gcc/12",), target="cpu"),
        recipes=(recipe("a", "1.0"), recipe("b", "1.0", options=("exe",)), recipe("gone", "1.0")),
    )  # fmt: skip
    now = lock(
        interpreter="b", site=site(modules=("gcc/13", "new/1"), target="gpu", digest="6" * 64),
        recipes=(recipe("a", "1.0", key="x"), recipe("b", "2.0", key="y"), recipe("more", "1")),
    )  # fmt: skip
    assert drift(before, now) == (
        "the site's file (here) has changed",
        "module gcc was 12 and is now 13",
        "the target was cpu and is now gpu",
        "module new 1 is new",
        "the machine's Python 3.11.7 is another one than it was, or lies elsewhere",
        "a would be built differently",
        "b would be built differently: version 2.0 instead of 1.0, options none instead of exe",
        "gone is needed no longer",
        "more is needed as well",
    )
    (only,) = drift(lock(recipes=(recipe("a", "1.0"),)), lock(recipes=(recipe("a", "1.0", key="x"),)))
    assert only == (
        "a would be built differently (key x, was abc), "
        "because of another pybuild, or of another package beside it"
    )
