"""Releases, options and what the prefix has are chosen together: a solution is found if there is one."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import example, given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement

from pybuild.errors import PlanError
from pybuild.model.machine import Installed
from pybuild.model.recipe import Condition, Option, Override, Recipe
from pybuild.plan.releases import satisfies
from pybuild.plan.resolve import Chosen, closure
from pybuild.plan.specs import parse_spec
from tests.plan.worlds import installed, prefix, recipe, world

NAMES = "abcde"
VERSIONS = ("3", "2", "1")
LIMITS = ("", "<3", "<2", ">=2", ">=3", "==2")

Wants = dict[tuple[str, str, bool], tuple[str, ...]]
"""What a package needs, by name, version and whether it has its option."""


@st.composite
def needs(draw: st.DrawFn, owner: str) -> tuple[str, ...]:
    """Draw requirements on packages with later names, so that there is no circle."""
    later = NAMES[NAMES.index(owner) + 1 :]
    names = draw(st.lists(st.sampled_from(later), max_size=2, unique=True)) if later else []
    return tuple(
        name + draw(st.sampled_from(("", "", "[x]"))) + draw(st.sampled_from(LIMITS)) for name in names
    )


@st.composite
def universes(draw: st.DrawFn) -> tuple[Wants, tuple[str, ...], tuple[Installed, ...]]:
    """Draw what each release needs, what is asked for, and what is installed."""
    wants = {
        (name, version, has): draw(needs(name))
        for name in NAMES for version in VERSIONS for has in (False, True)
    }  # fmt: skip
    asked = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
    specs = tuple(
        name + draw(st.sampled_from(("", "", "[x]"))) + draw(st.sampled_from(LIMITS)) for name in asked
    )
    there = draw(st.lists(st.sampled_from(NAMES), max_size=2, unique=True))
    packages = tuple(installed(n, draw(st.sampled_from(VERSIONS)), build="py_h0_0") for n in there)
    return wants, specs, packages


def recipes_of(wants: Wants) -> list[Recipe]:
    """Return recipes that need this: an override for each version, without and with the option ``x``."""
    made = []
    for name in NAMES:
        overrides = [
            Override(
                when=Condition(version=f"=={version}", option="x" if has else None),
                requirements=(("run", wants[name, version, has]),),
            )
            for version in VERSIONS for has in (False, True)
        ]  # fmt: skip
        made.append(
            recipe(name, *VERSIONS, overrides=tuple(overrides), options=(Option(name="x", summary="x"),))
        )
    return made


def solutions(
    wants: Wants, specs: tuple[str, ...], there: tuple[Installed, ...]
) -> Iterator[dict[str, tuple[str, bool]]]:
    """Yield every assignment in which everybody has what he needs, found by trying all of them."""
    kept = {package.name: package.version for package in there}

    def grow(
        place: int, wanted: tuple[Requirement, ...], found: dict[str, tuple[str, bool]]
    ) -> Iterator[dict[str, tuple[str, bool]]]:
        if place == len(NAMES):
            yield found
            return
        name = NAMES[place]
        mine = [r for r in wanted if r.name == name]
        if not mine:
            yield from grow(place + 1, wanted, found)
            return
        option = any(r.extras for r in mine)
        picks = [(v, option, wants[name, v, option]) for v in VERSIONS]
        picks += [(kept[name], False, ())] if name in kept and not option else []
        for version, has, more in picks:
            if all(satisfies(version, str(r.specifier)) for r in mine):
                yield from grow(
                    place + 1, (*wanted, *map(Requirement, more)), {**found, name: (version, has)}
                )

    return grow(0, tuple(map(Requirement, specs)), {})


def resolve(
    made: list[Recipe], specs: tuple[str, ...], there: tuple[Installed, ...]
) -> dict[str, tuple[str, bool]] | None:
    here = world(*made, state=prefix(*there))
    try:
        found = closure([parse_spec(s) for s in specs], here, "3.11.7")
    except PlanError:
        return None
    return {one.name: (version_of(one), "x" in one.options) for one in found}


def version_of(one: Chosen) -> str:
    if one.keep is not None:
        return one.keep.version
    assert one.release is not None
    return one.release.version


MORE_WISHES_HELP: Wants = {
    **{(name, version, has): () for name in NAMES for version in VERSIONS for has in (False, True)},
    ("a", "3", True): ("c>=3",),
    ("a", "2", True): ("b<3",),
    ("b", "2", False): ("c[x]>=3", "d>=3"),
    ("c", "3", False): ("d", "e<2"),
    ("c", "2", False): ("e<2",),
}
"""Only if b is built again, c has the option without which it needs another e than the one asked for."""


@example((MORE_WISHES_HELP, ("e>=2", "c>=2", "a[x]"), (installed("b", "2"),)), list(NAMES))
@settings(max_examples=200)
@given(universes(), st.permutations(NAMES))
def test_a_solution_is_found_if_and_only_if_there_is_one(
    universe: tuple[Wants, tuple[str, ...], tuple[Installed, ...]], order: list[str]
) -> None:
    """Whatever the recipes need: what is chosen is one of the solutions, in any order of the recipes."""
    wants, specs, there = universe
    made = recipes_of(wants)
    answer = resolve(made, specs, there)
    every = list(solutions(wants, specs, there))
    assert (answer is None) == (not every)
    assert answer is None or answer in every
    shuffled = sorted(made, key=lambda one: order.index(one.name))
    assert resolve(shuffled, specs, there) == answer
