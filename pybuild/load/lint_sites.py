"""The checks of :func:`pybuild.load.lint.lint_site`: the site as a whole, its nodes, launcher and providers.

Those about templates, modules and rules stand in files of their own; this one registers them at its end.
"""

from __future__ import annotations

import os
import re
from collections.abc import Hashable, Iterable, Iterator

from pybuild.load import lint_site_modules, lint_site_rules, lint_site_templates
from pybuild.load.document import KeyPath
from pybuild.load.lint import Finding, SiteCheck
from pybuild.load.patterns import broken_patterns
from pybuild.load.samples import common_name
from pybuild.load.virtuals import VIRTUALS, known_virtual, known_virtuals
from pybuild.model.providers import Provider, Target, Virtual, base_of
from pybuild.model.site import Site

CHECKS: list[SiteCheck] = []


def check(function: SiteCheck) -> SiteCheck:
    """Register a check."""
    CHECKS.append(function)
    return function


@check
def name_is_file(site: Site) -> Iterator[Finding]:
    """The site's name is that of its file."""
    stem = os.path.basename(site.file).removesuffix(".yaml")
    if stem != site.name:
        yield ("name",), f'found "{site.name}" in the file "{stem}.yaml"; the two must be equal'


@check
def names_once(site: Site) -> Iterator[Finding]:
    """Nothing that has a name stands twice."""
    yield from _twice(("targets",), "name", (one.name for one in site.targets))
    for virtual in site.virtuals:
        yield from _twice(("virtuals", virtual.name), "name", (one.name for one in virtual.providers))
    yield from _twice(("rules",), "name", (one.name for one in site.rules))
    yield from _twice(("libraries", "refuse"), "name", (one.name for one in site.libraries))
    yield from _twice(("python", "modules"), "module", (one.module for one in site.python_modules))
    yield from _twice(("python", "refuse"), "path", (one.path for one in site.python_refused))
    yield from _twice(("python", "variables"), "name", (one.name for one in site.python_variables))
    yield from _twice(("failures",), "pattern", ((one.pattern, one.node) for one in site.failures))
    yield from _twice(("file_systems",), "path", (one.path for one in site.file_systems))
    yield from _twice(("modules", "baseline"), "", site.modules.baseline)


def _twice(path: KeyPath, key: str, names: Iterable[Hashable]) -> Iterator[Finding]:
    seen: set[Hashable] = set()
    for index, name in enumerate(names):
        if name in seen:
            shown = name[0] if isinstance(name, tuple) else name
            yield (*path, index, *([key] if key else [])), f'"{shown}" stands twice'
        seen.add(name)


@check
def patterns_readable(site: Site) -> Iterator[Finding]:
    """Every regular expression is one."""
    yield from broken_patterns(site)


@check
def nodes_apart(site: Site) -> Iterator[Finding]:
    """No host name is that of a login node and of a compute node, unless variables tell the two apart."""
    if any(broken_patterns(site)):
        return
    nodes = {node.kind: node for node in site.nodes}
    if len(nodes) < 2 or set(nodes["login"].variables) != set(nodes["compute"].variables):
        return
    name = common_name(nodes["login"].hostname, nodes["compute"].hostname)
    if name is not None:
        yield (
            ("nodes", "login", "hostname"),
            f'"{nodes["login"].hostname}" matches {name}, and so does the pattern of the compute nodes',
        )


@check
def virtuals_known(site: Site) -> Iterator[Finding]:
    """Virtuals and fields are known; providers have what their kind needs, and something to be proven by."""
    for virtual in site.virtuals:
        if not known_virtual(virtual.name):
            yield ("virtuals", virtual.name), f"unknown virtual; known are {known_virtuals()}"
            continue
        for index, provider in enumerate(virtual.providers):
            path: KeyPath = ("virtuals", virtual.name, index)
            yield from _kind(path, provider)
            yield from _fields(path, base_of(virtual.name), provider)
            yield from _soname(path, virtual, provider, site.targets)


def _kind(path: KeyPath, provider: Provider) -> Iterator[Finding]:
    if (provider.where == "recipe") != (provider.recipe is not None):
        yield path, 'the key recipe and "where: recipe" go together'
    searches = provider.where in ("path", "shell", "prefix")
    if searches != bool(provider.programs):
        yield path, 'programs are needed for "where: path", shell and prefix, and for nothing else'
    for fact in provider.facts:
        if fact.program not in dict(provider.programs):
            yield (*path, "facts", fact.field, "program"), f'"{fact.program}" is not among the programs'
        if not _has_group(fact.find):
            yield (*path, "facts", fact.field, "find"), "expected a regular expression with one group"
    if provider.where == "site" and not provider.fields:
        yield path, '"where: site" takes the fields as they stand, and there are none'
    for key in ("modules", "env", "identity") if provider.where != "site" else ():
        if getattr(provider, key):
            yield (*path, key), f'{key} counts for "where: site" only'


def _has_group(pattern: str) -> bool:
    try:
        return re.compile(pattern).groups == 1
    except re.error:
        return False


def _fields(path: KeyPath, virtual: str, provider: Provider) -> Iterator[Finding]:
    kinds = {
        "programs": [field for field, _names in provider.programs],
        "facts": [fact.field for fact in provider.facts],
        "fields": [field for field, _value in provider.fields],
    }
    for kind, fields in kinds.items():
        for field in fields:
            if field not in VIRTUALS[virtual]:
                known = ", ".join(VIRTUALS[virtual])
                yield (*path, kind, field), f"{virtual} has no such field; known are {known}"


def _soname(
    path: KeyPath, virtual: Virtual, provider: Provider, targets: tuple[Target, ...]
) -> Iterator[Finding]:
    base = base_of(virtual.name)
    if "soname" not in VIRTUALS[base] or provider.where == "recipe":  # a recipe says it in its provides
        return
    aimed = [any((base_of(v), f) == (base, "soname") for v, f, _ in target.fields) for target in targets]
    if not dict(provider.fields).get("soname") and not (aimed and all(aimed)):
        yield path, "has no soname in its fields; what is linked to it could not be proven"


@check
def targets_known(site: Site) -> Iterator[Finding]:
    """Targets replace known fields of virtuals that the site has."""
    offered = {base_of(virtual.name) for virtual in site.virtuals}
    for index, target in enumerate(site.targets):
        for virtual, field, _value in target.fields:
            path: KeyPath = ("targets", index, "fields", virtual)
            base = base_of(virtual)
            if base not in VIRTUALS:
                yield path, f"unknown virtual; known are {known_virtuals()}"
            elif field not in VIRTUALS[base]:
                yield (*path, field), f"{base} has no such field; known are {', '.join(VIRTUALS[base])}"
            elif base not in offered and not site.abstract:
                yield path, f"the site has no provider of {base}"


@check
def ranks_can_be_started(site: Site) -> Iterator[Finding]:
    """A site that demands ranked verification says how ranks are started."""
    if site.launcher is None and site.verify == "ranked" and not site.abstract:
        yield ("verify",), "ranked needs a launcher"


@check
def refused_libraries(site: Site) -> Iterator[Finding]:
    """A refused library names a rule that exists."""
    known = {rule.name for rule in site.rules}
    for index, library in enumerate(site.libraries):
        if library.rule and library.rule not in known:
            near = f"; its rules are {', '.join(sorted(known))}" if known else ""
            yield ("libraries", "refuse", index, "rule"), f'the site has no rule "{library.rule}"{near}'


@check
def environment_kept(site: Site) -> Iterator[Finding]:
    """Nothing that makes builds depend on the user is kept."""
    for index, name in enumerate(site.keep_env):
        if name in ("HOME", "*", "PATH", "PYTHONPATH", "LD_LIBRARY_PATH") or name.startswith("CONDA"):
            yield ("keep_env", index), f"{name} makes builds depend on the user's environment"


CHECKS += [*lint_site_templates.CHECKS, *lint_site_modules.CHECKS, *lint_site_rules.CHECKS]
