"""What somebody should look at in a site: days that have passed, things without a source or without a use."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pybuild.load.document import KeyPath
from pybuild.load.lint import Facts, Finding, SiteWarning
from pybuild.load.lint_site_modules import operations, same
from pybuild.load.site_parts import parts
from pybuild.model.modules import matches
from pybuild.model.providers import Provider
from pybuild.model.site import Site

WARNINGS: list[SiteWarning] = []

_WITHOUT_SOURCES = "generic"
"""The site that says nothing about any particular machine."""

_NEED_SOURCES = ("targets", "virtuals", "rules", "python", "launcher", "file_systems")


def warning(function: SiteWarning) -> SiteWarning:
    """Register a warning."""
    WARNINGS.append(function)
    return function


@warning
def rules_to_review(site: Site, facts: Facts) -> Iterator[Finding]:
    """A rule whose day of review has come is looked at."""
    for index, rule in enumerate(site.rules):
        if rule.review_after and rule.review_after <= facts.today:
            told = f'the rule "{rule.name}" was to be looked at again after {rule.review_after}'
            yield ("rules", index, "review_after"), f"{told}; does it still hold?"


@warning
def recipes_exist(site: Site, facts: Facts) -> Iterator[Finding]:
    """A rule for one recipe is for one that exists."""
    for index, rule in enumerate(site.rules):
        if rule.when.recipe is not None and rule.when.recipe not in facts.recipes:
            yield ("rules", index, "when", "recipe"), f'there is no recipe "{rule.when.recipe}"'


@warning
def sources_given(site: Site, _facts: Facts) -> Iterator[Finding]:
    """Whatever is said about a machine says who says so, or that it is only remembered."""
    if site.name == _WITHOUT_SOURCES:
        return
    for path, thing in parts(site):
        if isinstance(thing, Provider) and thing.where == "recipe":
            continue  # it says nothing about the machine
        if path[0] in _NEED_SOURCES and not thing.source and not thing.recalled:
            yield path, "has no source: who says so, and when?"


@warning
def families_used(site: Site, _facts: Facts) -> Iterator[Finding]:
    """A family has a member that the baseline loads or that something chooses."""
    if site.abstract or site.extends:  # families are shared, what is loaded is each machine's own
        return
    met = {*site.modules.baseline, *(module.module for module in site.python_modules)}
    met |= {placed.operation.module for placed in operations(site)}
    for family, patterns in site.modules.families:
        if not any(matches(module, pattern) or module == pattern for module in met for pattern in patterns):
            yield ("modules", "families", family), "no module of it is in the baseline or ever loaded"


@warning
def swapped_is_loaded(site: Site, _facts: Facts) -> Iterator[Finding]:
    """What is swapped away is in the baseline, or brought by another operation."""
    brought = [o.operation.module for o in operations(site) if o.operation.kind in ("load", "swap", "choose")]
    for path, operation, _, _ in operations(site):
        if operation.kind != "swap":
            continue
        if not any(same(operation.old, module) for module in (*site.modules.baseline, *brought)):
            told = f"{operation.old} is not in the baseline, and a swap fails where it is not loaded"
            yield (*path, "swap", "old"), told


@warning
def jobs_can_be_asked_for(site: Site, _facts: Facts) -> Iterator[Finding]:
    """A site with compute nodes says how to get onto one."""
    compute = any(node.kind == "compute" for node in site.nodes)
    if not compute or site.abstract:
        return
    for key in ("ask", "submit"):
        if site.launcher is None or not getattr(site.launcher, key):
            yield ("launcher",), f"has no {key}, so nothing can be proven on a compute node from a login node"


@warning
def python_modules_agree(site: Site, _facts: Facts) -> Iterator[Finding]:
    """The Python of a module is that of its name, where the name begins with one."""
    for index, module in enumerate(site.python_modules):
        version = re.match(r"(\d+\.\d+)(?![\d])", module.module.partition("/")[2])
        plain = module.module.split("/")[0] in ("python", "python3", "cray-python")
        if plain and version and not f"{module.python}.".startswith(f"{version[1]}."):
            path: KeyPath = ("python", "modules", index, "python")
            yield path, f"found {module.python}, but the module is called {module.module}"
