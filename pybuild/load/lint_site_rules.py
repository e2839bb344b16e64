"""The checks of a site's rules: reasons, dates, conditions that can hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from packaging.specifiers import SpecifierSet

from pybuild.load.document import KeyPath
from pybuild.load.lint import Finding, SiteCheck
from pybuild.load.readable import is_specifier, not_a_specifier
from pybuild.load.virtuals import known_virtual, known_virtuals
from pybuild.model.providers import base_of
from pybuild.model.rules import Rule, When
from pybuild.model.site import Site

_PYTHONS = ("2.7.18", *(f"3.{minor}.{patch}" for minor in range(3, 20) for patch in range(25)))


def rules_have_reasons(site: Site) -> Iterator[Finding]:
    """Rules say why and who says so, and do something."""
    for index, rule in enumerate(site.rules):
        path: KeyPath = ("rules", index)
        for key, text in (("reason", rule.reason), ("source", rule.source)):
            if not text.strip():
                yield (*path, key), f"a rule needs a {key}"
        if not (rule.env or rule.modules or rule.unset or rule.forbid):
            yield path, f'the rule "{rule.name}" does nothing'


def rules_have_dates(site: Site) -> Iterator[Finding]:
    """Dates exist, and nobody has to look again before a rule holds."""
    for index, rule in enumerate(site.rules):
        path: KeyPath = ("rules", index)
        for key, text in (("since", rule.since), ("review_after", rule.review_after)):
            if text and not _is_date(text):
                yield (*path, key), f'found "{text}", expected a date such as 2027-02-01'
        if rule.since and rule.review_after and rule.since > rule.review_after:
            yield (
                (*path, "review_after"),
                f"found {rule.review_after}, which is before the rule holds (since {rule.since})",
            )


def conditions_can_hold(site: Site) -> Iterator[Finding]:
    """Each rule has a case in which it acts."""
    for index, rule in enumerate(site.rules):
        path: KeyPath = ("rules", index, "when")
        yield from _virtual(path, rule.when, site)
        yield from _providers(path, rule.when, site)
        yield from _target(path, rule, site)
        yield from _python(path, rule.when.python)


def _virtual(path: KeyPath, when: When, site: Site) -> Iterator[Finding]:
    if when.virtual is None:
        return
    offered = {name for one in site.virtuals for name in (one.name, base_of(one.name))}
    if not known_virtual(when.virtual):
        yield (*path, "virtual"), f'unknown virtual "{when.virtual}"; known are {known_virtuals()}'
    elif when.virtual not in offered and not site.abstract:
        yield (*path, "virtual"), f"can never hold: the site has no provider of {when.virtual}"


def _providers(path: KeyPath, when: When, site: Site) -> Iterator[Finding]:
    providers = {one.name: [provider.name for provider in one.providers] for one in site.virtuals}
    for virtual, name in when.provider:
        where: KeyPath = (*path, "provider", virtual)
        if not known_virtual(virtual):
            yield where, f"unknown virtual; known are {known_virtuals()}"
        elif name not in providers.get(virtual, ()) and not site.abstract:
            known = ", ".join(providers.get(virtual, ())) or "none"
            yield where, f'can never hold: the site has no provider "{name}" of {virtual}; it has {known}'
        elif (
            when.virtual is not None and base_of(when.virtual) == base_of(virtual) != when.virtual != virtual
        ):
            yield where, f"can never hold: no build has {when.virtual} and {virtual} at once"


def _target(path: KeyPath, rule: Rule, site: Site) -> Iterator[Finding]:
    known = [target.name for target in site.targets]
    if rule.when.target is not None and rule.when.target not in known and not site.abstract:
        told = ", ".join(known) or "none"
        yield (
            (*path, "target"),
            f'can never hold: the site has no target "{rule.when.target}"; its targets are {told}',
        )


def _python(path: KeyPath, text: str | None) -> Iterator[Finding]:
    if text is None:
        return
    if not is_specifier(text):
        yield (*path, "python"), not_a_specifier(text)
        return
    specifier = SpecifierSet(text)
    if not any(specifier.contains(version, prereleases=True) for version in _PYTHONS):
        yield (*path, "python"), f'can never hold: "{text}" matches no Python'


def _is_date(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


CHECKS: tuple[SiteCheck, ...] = (rules_have_reasons, rules_have_dates, conditions_can_hold)
