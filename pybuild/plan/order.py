"""Order packages so that each comes after what it needs; a cycle is named in full."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pybuild.errors import PlanError


def in_order(names: Iterable[str], needs: Mapping[str, Iterable[str]]) -> list[str]:
    """Return ``names`` and everything they need, each after its needs, otherwise in the order given.

    Raises:
        PlanError: a cycle; the sentence walks it from a package back to itself.
    """
    done: list[str] = []
    for name in names:
        _visit(name, needs, (), done)
    return done


def _visit(name: str, needs: Mapping[str, Iterable[str]], path: tuple[str, ...], done: list[str]) -> None:
    if name in done:
        return
    if name in path:
        walk = " -> ".join((*path[path.index(name) :], name))
        raise PlanError(f"recipes need each other in a circle: {walk}", hint=f"pybuild recipe show {name}")
    for need in needs.get(name, ()):
        _visit(need, needs, (*path, name), done)
    done.append(name)
