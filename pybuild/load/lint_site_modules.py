"""The checks of a site's module operations: tool, families, what is swapped, what is forbidden."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pybuild.load.document import KeyPath
from pybuild.load.lint import Finding, SiteCheck
from pybuild.model.modules import Operation, matches
from pybuild.model.providers import Provider, Target
from pybuild.model.rules import Rule
from pybuild.model.site import Site


class Placed(NamedTuple):
    """An operation of a site, where it stands, and who carries it out."""

    path: KeyPath
    operation: Operation
    virtual: str
    owner: Target | Provider | Rule


def operations(site: Site) -> Iterator[Placed]:
    """Yield every module operation of a site."""
    for index, target in enumerate(site.targets):
        for number, one in enumerate(target.modules):
            yield Placed(("targets", index, "modules", number), one, "", target)
    for virtual in site.virtuals:
        for index, provider in enumerate(virtual.providers):
            for number, one in enumerate(provider.modules):
                path = ("virtuals", virtual.name, index, "modules", number)
                yield Placed(path, one, virtual.name, provider)
    for index, rule in enumerate(site.rules):
        for number, one in enumerate(rule.modules):
            yield Placed(("rules", index, "modules", number), one, "", rule)


def same(one: str, other: str) -> bool:
    """Return whether two names can be one module: ``gcc`` and ``gcc/12.2``."""
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


def tool_fits(site: Site) -> Iterator[Finding]:
    """A site without a module tool has no modules; one with a tool says how it is started."""
    modules = site.modules
    if site.abstract:  # whoever extends it may say which tool
        return
    if modules.tool != "none":
        if not modules.init:
            yield (
                ("modules",),
                f"the tool {modules.tool} needs init: the file that defines the module command",
            )
        return
    for key in ("init", "env", "folders", "baseline", "families"):
        if getattr(modules, key):
            yield ("modules", key), "the module tool is none, so this is never used"
    for placed in operations(site):
        yield placed.path, f'"{placed.operation.kind}" needs a module tool, and modules.tool is none'


def families_hold(site: Site) -> Iterator[Finding]:
    """What is chosen is a member of a family that there is; nothing at login is in two states at once."""
    families = dict(site.modules.families)
    known = ", ".join(families) or "none"
    for path, operation, _, _ in operations(site):
        if operation.kind != "choose":
            continue
        where: KeyPath = (*path, "choose")
        if operation.family not in families:
            yield (*where, "family"), f'the site has no family "{operation.family}"; its families are {known}'
        elif not any(matches(operation.module, pattern) for pattern in families[operation.family]):
            members = ", ".join(families[operation.family])
            yield (
                (*where, "module"),
                f'"{operation.module}" is no member of the family {operation.family}: {members}',
            )
    for family, patterns in site.modules.families:
        members_loaded = [m for m in site.modules.baseline if any(matches(m, one) for one in patterns)]
        if len(members_loaded) > 1:
            both = " and ".join(members_loaded)
            yield (
                ("modules", "baseline"),
                f"loads {both}, but at most one of the family {family} may be loaded",
            )


def forbidden_is_not_loaded(site: Site) -> Iterator[Finding]:
    """No rule forbids what a target or provider loads, or what the baseline loads and nothing unloads."""
    placed = list(operations(site))
    for index, rule in enumerate(site.rules):
        for number, pattern in enumerate(rule.forbid):
            path: KeyPath = ("rules", index, "forbid", number)
            for one in placed:
                if _brings(one.operation, pattern) and _together(rule, one):
                    yield path, f'"{pattern}" forbids {one.operation.module}, which {_told(one)} loads'
            for module in site.modules.baseline:
                if matches(module, pattern) and not any(
                    _takes_away(one.operation, module, site) for one in placed
                ):
                    yield path, f'"{pattern}" forbids {module}, which the baseline loads and nothing unloads'


def _brings(operation: Operation, pattern: str) -> bool:
    return operation.kind in ("load", "swap", "choose") and matches(operation.module, pattern)


def _takes_away(operation: Operation, module: str, site: Site) -> bool:
    if operation.kind == "unload":
        return matches(module, operation.module)
    if operation.kind == "swap":
        return same(module, operation.old)
    members = dict(site.modules.families).get(operation.family, ())
    return operation.kind == "choose" and any(matches(module, pattern) for pattern in members)


def _together(rule: Rule, placed: Placed) -> bool:
    """Return whether a rule can act where an operation was carried out."""
    if isinstance(placed.owner, Target):
        return rule.when.target in (None, placed.owner.name)
    if isinstance(placed.owner, Provider):
        return dict(rule.when.provider).get(placed.virtual, placed.owner.name) == placed.owner.name
    return placed.owner is rule


def _told(placed: Placed) -> str:
    if isinstance(placed.owner, Target):
        return f"the target {placed.owner.name}"
    if isinstance(placed.owner, Provider):
        return f"the provider {placed.owner.name} of {placed.virtual}"
    return "the rule itself"


CHECKS: tuple[SiteCheck, ...] = (tool_fits, families_hold, forbidden_is_not_loaded)
