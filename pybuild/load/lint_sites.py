"""The checks of :func:`pybuild.load.lint.lint_site`."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator

from pybuild.load.document import KeyPath
from pybuild.load.lint import Finding, SiteCheck
from pybuild.load.virtuals import VIRTUALS, broken_template, known_virtual, known_virtuals, templates
from pybuild.model.site import Provider, Site, base_of

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
def virtuals_known(site: Site) -> Iterator[Finding]:
    """Virtuals and fields are known; providers have what their kind needs and names of their own."""
    for virtual in site.virtuals:
        if not known_virtual(virtual.name):
            yield ("virtuals", virtual.name), f"unknown virtual; known are {known_virtuals()}"
            continue
        seen: set[str] = set()
        for index, provider in enumerate(virtual.providers):
            path: KeyPath = ("virtuals", virtual.name, index)
            if provider.name in seen:
                yield (*path, "name"), f'the provider "{provider.name}" stands twice'
            seen.add(provider.name)
            yield from _provider(path, base_of(virtual.name), provider)


def _provider(path: KeyPath, virtual: str, provider: Provider) -> Iterator[Finding]:
    if (provider.where == "recipe") != (provider.recipe is not None):
        yield path, 'the key recipe and "where: recipe" go together'
    searches = provider.where in ("path", "prefix")
    if searches != bool(provider.programs):
        yield path, 'programs are needed for "where: path" and "where: prefix", and for nothing else'
    for kind, fields in (("programs", provider.programs), ("fields", provider.fields)):
        for field, _value in fields:
            if field not in VIRTUALS[virtual]:
                known = ", ".join(VIRTUALS[virtual])
                yield (*path, kind, field), f"{virtual} has no such field; known are {known}"


@check
def launcher_fields(site: Site) -> Iterator[Finding]:
    """The launcher can be filled in and is told how many ranks to start."""
    if site.launcher is None:
        if site.verify == "ranked":
            yield ("verify",), "ranked needs a launcher"
        return
    used = set()
    for index, word in enumerate(site.launcher.ranks):
        path: KeyPath = ("launcher", "ranks", index)
        if broken_template(word):
            yield path, f'found "{word}", expected templates as ${{{{ ranks }}}}'
        for name in templates(word):
            used.add(name)
            virtual, _, field = name.partition(".")
            if name != "ranks" and field not in VIRTUALS.get(virtual, {}):
                yield path, f'unknown template "{name}"'
            elif name != "ranks" and virtual not in {base_of(one.name) for one in site.virtuals}:
                yield path, f'"{name}" needs providers of {virtual}, and the site has none'
    if "ranks" not in used:
        yield ("launcher", "ranks"), "never says ${{ ranks }}, so it would start any number of ranks"


@check
def rules_have_reasons(site: Site) -> Iterator[Finding]:
    """Rules say why and who says so; their dates exist; they act on something."""
    seen: set[str] = set()
    for index, rule in enumerate(site.rules):
        path: KeyPath = ("rules", index)
        for key, text in (("reason", rule.reason), ("source", rule.source)):
            if not text.strip():
                yield (*path, key), f"a rule needs a {key}"
        if rule.review_after and not _is_date(rule.review_after):
            yield (*path, "review_after"), f'found "{rule.review_after}", expected a date such as 2027-02-01'
        if rule.when.virtual is not None and not known_virtual(rule.when.virtual):
            known = known_virtuals()
            yield (*path, "when", "virtual"), f'unknown virtual "{rule.when.virtual}"; known are {known}'
        if not (rule.env or rule.modules or rule.unset or rule.forbid):
            yield path, f'the rule "{rule.name}" does nothing'
        if rule.name in seen:
            yield (*path, "name"), f'the rule "{rule.name}" stands twice'
        seen.add(rule.name)


def _is_date(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


@check
def environment_kept(site: Site) -> Iterator[Finding]:
    """Nothing that makes builds depend on the user is kept."""
    for index, name in enumerate(site.keep_env):
        if name in ("HOME", "*", "PATH", "PYTHONPATH", "LD_LIBRARY_PATH") or name.startswith("CONDA"):
            yield ("keep_env", index), f"{name} makes builds depend on the user's environment"
