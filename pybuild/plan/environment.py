"""The environment of a build, as edits to an empty one: each with the reason that put it there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pybuild.model.machine import Machine
from pybuild.model.plan import Edit
from pybuild.model.recipe import Build
from pybuild.model.site import Site
from pybuild.plan.templates import fill


def build_environment(
    name: str, build: Build, virtuals: Iterable[str], fields: Mapping[str, str], site: Site, machine: Machine
) -> tuple[Edit, ...]:
    """Return the edits in order: what may pass, what every build gets, the site's rules, the recipe.

    Args:
        virtuals: what the build needs, for the rules that act only then.
        fields: provider fields for the templates.
    """
    edits = [Edit(kind="set", name=n, value=v, why="site keep_env") for n, v in machine.environment]
    path = ":".join(("${{ overlay }}/bin", "${{ host }}/bin", *site.path))
    edits += [
        Edit(kind="set", name="PATH", value=path, why="build tools, host prefix, then the site's path"),
        Edit(kind="set", name="HOME", value="${{ staging }}.home", why="no file of the user is read"),
        Edit(kind="set", name="LC_ALL", value="C.UTF-8", why="the same messages and sorting everywhere"),
        Edit(
            kind="set",
            name="PYTHONPATH",
            value="${{ overlay }}",
            why="build requirements, outside the prefix",
        ),
        Edit(kind="set", name="PYTHONNOUSERSITE", value="1", why="packages of ~/.local stay out"),
        Edit(kind="set", name="PYTHONDONTWRITEBYTECODE", value="1", why="the prefix is only read"),
    ]
    for rule in site.rules:
        if rule.when.virtual is None or rule.when.virtual in virtuals:
            where = f"site {site.name}: rule {rule.name}"
            edits += _set(rule.env, fields, where, why=f"rule {rule.name}: {rule.reason}")
    return tuple(edits + _set(build.env, fields, f"recipe {name}: build.env", why=f"recipe {name}"))


def applied(edits: Iterable[Edit], base: Mapping[str, str]) -> dict[str, str]:
    """Return ``base`` with the edits applied, as a new mapping."""
    result = dict(base)
    for edit in edits:
        if edit.kind == "unset":
            result.pop(edit.name, None)
        elif edit.kind == "prepend" and result.get(edit.name):
            result[edit.name] = f"{edit.value}:{result[edit.name]}"
        else:
            result[edit.name] = edit.value
    return result


def _set(pairs: Iterable[tuple[str, str]], fields: Mapping[str, str], where: str, *, why: str) -> list[Edit]:
    return [
        Edit(kind="set", name=name, value=fill(value, fields, where=f"{where}.{name}"), why=why)
        for name, value in pairs
    ]
