"""An upgrade: what can change, what stays after all, and why the same release is built again."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from pybuild.errors import PlanError
from pybuild.model.machine import Installed, PrefixState
from pybuild.model.plan import PackagePlan
from pybuild.model.providers import base_of
from pybuild.plan.installed import fits, standing_needs
from pybuild.plan.world import Chosen, World


def changeable(world: World) -> tuple[str, ...]:
    """Return the names of our packages in the prefix that can be made anew, because they have a recipe."""
    return tuple(p.name for p in world.state.packages if p.key and p.name in world.recipes)


def with_providers(world: World, names: Collection[str]) -> World:
    """Return the world with the providers that these packages were built with as the user's choice.

    What the user chooses now counts before that.

    Raises:
        PlanError: two of them were built with different providers of one virtual.
    """
    known = {(virtual.name, p.name) for virtual in world.site.virtuals for p in virtual.providers}
    chosen = dict(world.providers)
    found: dict[str, tuple[str, str]] = {}
    for package in world.state.packages:
        for virtual, provider in package.providers if package.name in names else ():
            if virtual in chosen or base_of(virtual) in chosen or (virtual, provider) not in known:
                continue
            other, name = found.setdefault(virtual, (provider, package.name))
            if other != provider:
                raise PlanError(
                    f"{name} was built with the {virtual} {other}, {package.name} with {provider}, "
                    "and one upgrade takes one of them",
                    hint=f"pybuild upgrade {name} -p {world.state.path}, then {package.name}; "
                    f"or choose: --use {virtual}={other}",
                )
    before = tuple((virtual, provider) for virtual, (provider, _) in found.items())
    return replace(world, providers=(*world.providers, *before))


def unchanged(packages: Iterable[PackagePlan], state: PrefixState, names: Collection[str]) -> frozenset[str]:
    """Return which of the planned packages the prefix has and can keep.

    Args:
        names: these change with their key; others only if what changes leaves them no choice.
    """
    planned = {package.name: package for package in packages if package.action != "keep"}
    there = {package.name: package for package in state.packages if package.key}
    changing = {
        name: now
        for name, now in planned.items()
        if name not in there or _moved(there[name], now) or (name in names and there[name].key != now.key)
    }
    while True:
        forced = {
            name: now
            for name, now in planned.items()
            if name not in changing and _forced(there[name], changing.values())
        }
        if not forced:
            return frozenset(planned.keys() - changing.keys())
        changing |= forced


def _moved(was: Installed, now: PackagePlan) -> bool:
    return (was.version, {*was.options}) != (now.version, {*now.options})


def _forced(was: Installed, changing: Iterable[PackagePlan]) -> bool:
    """Return whether an installed package loses what it needs or is bound to, or would meet a second one."""
    bound = {base_of(virtual): identity for virtual, identity in was.identity}
    exact = [text.split() for text in was.depends if len(text.split()) > 2]
    needs = standing_needs(was)
    return any(
        any(words[0] == new.name and words[1:] != [new.version, new.build_string] for words in exact)
        or any(need.name == new.name and not fits(new.version, need.specifier) for need in needs)
        or any(
            bound.get(base_of(virtual), identity) != identity
            for virtual, identity in new.identity
            if base_of(virtual) != "compiler"
        )
        for new in changing
    )


def told(packages: Iterable[PackagePlan], state: PrefixState) -> list[PackagePlan]:
    """Return the packages, each release that is built again with what is another now."""
    there = {package.name: package for package in state.packages}
    return [
        replace(package, why=(*differences(there[package.name], package), *package.why))
        if package.change == "replace" and package.name in there
        else package
        for package in packages
    ]


def staying(chosen: Iterable[Chosen]) -> tuple[str, ...]:
    """Return why packages stay though there are newer releases: of each the newest."""
    return tuple(
        f"{one.name} stays at {one.keep.version}: {one.why[0]}" for one in chosen if one.keep and one.why
    )


def differences(was: Installed, now: PackagePlan) -> tuple[str, ...]:
    """Return what is another for a build than it was when the installed package was built."""
    inputs = now.build.inputs if now.build is not None and was.inputs else ""
    before = _facts(was.inputs) if inputs else dict(was.identity)
    after = _facts(inputs) if inputs else dict(now.identity)
    found = list(_sentences(before, after))
    if not found and inputs:
        found = [f"{part} is another now" for part in _details(was.inputs, inputs)]
    return tuple(dict.fromkeys(found)) or (f"it is built differently now (key {now.key}, {was.key} was)",)


def _sentences(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for name in {**before, **after}:
        was, now = before.get(name, ""), after.get(name, "")
        label = f"{name} " if name in ("site", "python") else ""
        if was and now and was != now:
            first, same, rest = now.partition(" ")
            same_thing = same and " " not in rest and was.startswith(f"{first} ")
            yield f"{label}{was} was, {rest if same_thing else now} is"
        elif was != now:
            yield f"{now} is new" if now else f"{was} is gone"


def _facts(text: str) -> dict[str, str]:
    """Return what stands around a build, each thing by a name that it keeps when it becomes another."""
    inputs = json.loads(text)
    facts = {**inputs["providers"], "compiler": inputs["compiler"]}
    facts |= {name: inputs[name] for name in ("site", "python")}
    facts |= {f"module {module.partition('/')[0]}": module.replace("/", " ") for module in inputs["modules"]}
    facts |= {f"needs {row.split()[0]}": row for row in inputs.get("needs", ())}
    return facts | {f"file {file.partition('-')[0]}": words for file, words in _files(inputs["steps"])}


def _details(was: str, now: str) -> Iterator[str]:
    """Yield what of a build's own environment and steps is another."""
    old, new = json.loads(was), json.loads(now)
    edits = [*old["environment"], *new["environment"]]
    for name in dict.fromkeys(name for _, name, _ in edits):
        first, second = ([edit for edit in one["environment"] if edit[1] == name] for one in (old, new))
        if first != second:
            yield f"the variable {name}"
    for part, words in (
        ("steps", "what it runs"),
        ("run", "what it needs to run"),
        ("subdir", "the platform"),
    ):
        if old.get(part) != new.get(part):
            yield words


def _files(steps: Iterable[Mapping[str, object]]) -> Iterator[tuple[str, str]]:
    for step in steps:
        several = step.get("downloads")
        for one in (step.get("download"), *(several if isinstance(several, list) else ())):
            if isinstance(one, dict):
                yield one["file"], f"{one['file']} ({one['sha256'][:12]})"
