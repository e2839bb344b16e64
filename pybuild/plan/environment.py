"""The environments of builds and runs, as edits: each with the reason that put it there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pybuild.model.machine import Machine
from pybuild.model.plan import Edit
from pybuild.model.providers import Provider, Target
from pybuild.model.recipe import Build
from pybuild.model.rules import Rule
from pybuild.model.site import Site
from pybuild.plan.systems.native import native_environment
from pybuild.plan.templates import fill


class Circumstances(NamedTuple):
    """What an environment is made for.

    Attributes:
        recipe: name of the recipe.
        fields: provider fields for the templates.
        rules: the site's rules that act.
        providers: (virtual, provider) pairs, each the site's own entry.
        packages: folder with the Python packages of the host prefix, ``""`` where nothing there is imported.
    """

    recipe: str
    fields: Mapping[str, str]
    site: Site
    rules: tuple[Rule, ...] = ()
    providers: tuple[tuple[str, Provider], ...] = ()
    target: Target | None = None
    packages: str = ""


def build_environment(build: Build, here: Circumstances, machine: Machine) -> tuple[Edit, ...]:
    """Return the edits in order: what may pass, what every build gets, target, providers, rules, recipe.

    Raises:
        PlanError: a template names a field that nothing provides.
    """
    site = here.site
    edits = [Edit(kind="set", name=n, value=v, why="site keep_env") for n, v in machine.environment]
    if site.modules.tool == "none":
        path = ":".join(site.path)
        edits.append(Edit(kind="set", name="PATH", value=path, why="the site's path"))
    # What a rule removes is what modules brought, never what is set from here on.
    edits += _removed(here, "build")
    overlay = ":".join(part for part in ("${{ overlay }}", here.packages) if part)
    edits += [
        Edit(
            kind="prepend",
            name="PATH",
            value="${{ overlay }}/bin:${{ host }}/bin",
            why="build tools and the host prefix come first",
        ),
        Edit(kind="set", name="HOME", value="${{ staging }}.home", why="no file of the user is read"),
        Edit(kind="set", name="LC_ALL", value="C.UTF-8", why="the same messages and sorting everywhere"),
        Edit(
            kind="set",
            name="PYTHONPATH",
            value=overlay,
            why="build requirements, outside the prefix",
        ),
        Edit(kind="set", name="PYTHONNOUSERSITE", value="1", why="packages of ~/.local stay out"),
        Edit(kind="set", name="PYTHONDONTWRITEBYTECODE", value="1", why="the prefix is only read"),
    ]
    edits += native_environment(build, here.fields)
    if here.target is not None:
        by = f"site {site.name}: target {here.target.name}"
        edits += _set(here.target.env, here.fields, by, why=here.target.summary, source=here.target.source)
    for virtual, provider in here.providers:
        by = f"site {site.name}: provider {provider.name} of {virtual}"
        edits += _set(provider.env, here.fields, by, why=f"it brings {virtual}", source=provider.source)
    edits += _given(here, "build")
    by = f"recipe {here.recipe}"
    return tuple(edits + _set(build.env, here.fields, f"{by}: build.env", why=by, shown=by))


def run_environment(here: Circumstances) -> tuple[Edit, ...]:
    """Return the edits that a program of the package needs: the launcher's and the site's rules for runs."""
    launcher = here.site.launcher
    by = f"site {here.site.name}: launcher.env"
    edits = (
        _set(launcher.env, here.fields, by, why="every run gets it", source=launcher.source)
        if launcher
        else []
    )
    return tuple(edits + _removed(here, "run") + _given(here, "run"))


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


def _removed(here: Circumstances, at: str) -> list[Edit]:
    return [
        Edit(
            kind="unset", name=name, why=f"rule {rule.name}: {rule.reason}",
            by=f"site {here.site.name}: rule {rule.name}", source=rule.source, since=rule.since,
        )
        for rule in here.rules
        if at in rule.at
        for name in rule.unset
    ]  # fmt: skip


def _given(here: Circumstances, at: str) -> list[Edit]:
    edits: list[Edit] = []
    for rule in here.rules:
        if at in rule.at:
            by = f"site {here.site.name}: rule {rule.name}"
            why = f"rule {rule.name}: {rule.reason}"
            edits += _set(rule.env, here.fields, by, why=why, source=rule.source, since=rule.since)
    return edits


def _set(
    pairs: Iterable[tuple[str, str]],
    fields: Mapping[str, str],
    where: str,
    *,
    why: str,
    source: str = "",
    since: str = "",
    shown: str = "",
) -> list[Edit]:
    return [
        Edit(
            kind="set",
            name=name,
            value=fill(value, fields, where=f"{where}.{name}"),
            why=why,
            by=shown or where,
            source=source,
            since=since,
        )
        for name, value in pairs
    ]
