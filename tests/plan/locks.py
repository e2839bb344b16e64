"""Small locks, and hypothesis' way to any lock."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from pybuild.model.machine import CondaPackage
from pybuild.model.stack import Lock, LockedRecipe, LockedSite, LockedWheel


def wheel(name: str, version: str, **changes: Any) -> LockedWheel:
    """Return a wheel of the index."""
    given = {"file": f"{name}-{version}-py3-none-any.whl", "sha256": "e" * 64, **changes}
    return LockedWheel(name=name, version=version, **given)


def recipe(name: str, version: str, **changes: Any) -> LockedRecipe:
    """Return a recipe's package."""
    given = {"build": "py311_here_habc_0", "key": "abc", "digest": "d" * 64, **changes}
    return LockedRecipe(name=name, version=version, **given)


def conda(name: str, version: str, **changes: Any) -> CondaPackage:
    """Return a package of a conda channel."""
    url = f"https://channel.example/linux-64/{name}-{version}-0.conda"
    return CondaPackage(
        name=name, version=version, **{"build": "0", "url": url, "sha256": "c" * 64, **changes}
    )


def site(**changes: Any) -> LockedSite:
    """Return a site."""
    return LockedSite(**{"name": "here", "digest": "5" * 64, "compiler": "gcc 12.2.0", **changes})


def lock(**changes: Any) -> Lock:
    """Return a lock that holds nothing."""
    given: dict[str, Any] = {
        "stack": "toys", "declared": "0" * 64, "site": site(), "subdir": "linux-64", "python": "3.11.7",
        **changes,
    }  # fmt: skip
    return Lock(**given)


NAMES = st.sampled_from(["alpha", "beta", "gamma", "delta", "epsilon", "zeta"])
VERSIONS = st.sampled_from(["1.0", "1.5", "2.0", "2024a", "not-a-version"])
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)


@st.composite
def locks(draw: st.DrawFn) -> Lock:
    """Any lock: each name stands in one section only."""
    names = draw(st.lists(NAMES, unique=True))
    made: dict[str, list[Any]] = {"conda": [], "index": [], "recipes": []}
    for name in sorted(names):
        section = draw(st.sampled_from(sorted(made)))
        version = draw(VERSIONS)
        if section == "conda":
            made[section].append(conda(name, version, build=draw(TEXTS)))
        elif section == "index":
            made[section].append(
                wheel(name, version, requires=draw(_tuples(TEXTS)), requested=draw(st.booleans()))
            )
        else:
            sources = draw(_tuples(st.tuples(TEXTS, TEXTS)))
            made[section].append(recipe(name, version, key=draw(TEXTS), sources=sources))
    return lock(
        declared=draw(TEXTS),
        python=draw(st.sampled_from(["3.11.7", "3.12.0"])),
        interpreter=draw(st.sampled_from(["", "a", "b"])),
        site=replace(
            site(compiler=draw(st.sampled_from(["", "gcc 12"]))),
            modules=draw(_tuples(st.sampled_from(["gcc/12", "gcc/13", "cray-mpich/8.1", "bare", "a/b/1"]))),
            identities=draw(_tuples(st.sampled_from([("mpi", "one"), ("mpi", "two"), ("hdf5", "three")]))),
        ),
        **{name: tuple(rows) for name, rows in made.items()},
    )


def _tuples(values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(values, unique=True, max_size=3).map(lambda rows: tuple(sorted(rows)))
