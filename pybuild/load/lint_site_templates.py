"""The checks that every ``${{ ... }}`` of a site can be filled in where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pybuild.load.document import KeyPath
from pybuild.load.lint import Finding, SiteCheck
from pybuild.load.virtuals import VIRTUALS, broken_template, templates
from pybuild.model.launcher import Launcher
from pybuild.model.pairs import Pairs
from pybuild.model.plan import LATE
from pybuild.model.providers import base_of
from pybuild.model.site import Site

_ENV = re.compile(r"env\.[A-Za-z_][A-Za-z0-9_]*")

_FIELDS, _VALUES, _IDENTITY, _RANKS, _PLAIN = "fields", "values", "identity", "ranks", "plain"
"""Kinds of places: a provider's field, a variable's value, an identity, a launcher's word and variable."""

_LATE = {
    _FIELDS: {"prefix"},
    _VALUES: {*LATE, "version", "name"},
    _IDENTITY: set[str](),
    _RANKS: {"ranks", "prefix"},
    _PLAIN: set[str](),
}


def known_templates(site: Site) -> Iterator[Finding]:
    """Templates are variables of the modules, late tokens, or fields of virtuals that the site has."""
    offered = {base_of(virtual.name) for virtual in site.virtuals}
    for kind, path, text in _texts(site):
        if broken_template(text):
            yield path, f'found "{text}", expected templates as ${{{{ mpi.cc }}}} or ${{{{ env.NAME }}}}'
        for name in templates(text):
            wrong = _wrong(kind, name, None if site.abstract else offered)
            if wrong:
                yield path, wrong


def ranks_are_counted(site: Site) -> Iterator[Finding]:
    """The launcher is told how many ranks to start."""
    if site.launcher is not None and not any("ranks" in templates(word) for word in site.launcher.ranks):
        yield ("launcher", "ranks"), "never says ${{ ranks }}, so it would start any number of ranks"


def _wrong(kind: str, name: str, offered: set[str] | None) -> str:
    """Return what is wrong with a template's name; ``offered`` is None where other files may offer more."""
    if name in _LATE[kind] or (kind != _PLAIN and kind != _RANKS and _ENV.fullmatch(name)):
        return ""
    virtual, _, field = name.partition(".")
    if virtual == "env" and kind in (_PLAIN, _RANKS):
        return f'"{name}" is not known here; variables of the modules stand in fields, identity and env'
    if field not in VIRTUALS.get(virtual, {}):
        return f'unknown template "{name}"'
    if kind not in (_VALUES, _RANKS):
        allowed = ", ".join(["env.NAME", *sorted(_LATE[kind])] if kind != _PLAIN else ["none"])
        return f'"{name}" is not filled in here; allowed: {allowed}'
    if offered is not None and virtual not in offered:
        return f'"{name}" needs providers of {virtual}, and the site has none'
    return ""


def _texts(site: Site) -> Iterator[tuple[str, KeyPath, str]]:
    for index, target in enumerate(site.targets):
        for virtual, field, value in target.fields:
            yield _FIELDS, ("targets", index, "fields", virtual, field), value
        yield from _pairs(_VALUES, ("targets", index, "env"), target.env)
    yield from _pairs(_PLAIN, ("modules", "env"), site.modules.env)
    for one in site.virtuals:
        for index, provider in enumerate(one.providers):
            path: KeyPath = ("virtuals", one.name, index)
            yield from _pairs(_FIELDS, (*path, "fields"), provider.fields)
            yield from _pairs(_VALUES, (*path, "env"), provider.env)
            yield _IDENTITY, (*path, "identity"), provider.identity
    for index, rule in enumerate(site.rules):
        yield from _pairs(_VALUES, ("rules", index, "env"), rule.env)
    if site.launcher is not None:
        yield from _of_launcher(site.launcher)


def _of_launcher(launcher: Launcher) -> Iterator[tuple[str, KeyPath, str]]:
    for key in ("ranks", "ask", "submit", "directives"):
        for index, word in enumerate(getattr(launcher, key)):
            # a shell's own ${NAME} is at home in a job script's first lines
            if key != "directives" or "${{" in word:
                yield _RANKS, ("launcher", key, index), word
    yield from _pairs(_PLAIN, ("launcher", "oversubscribe"), launcher.oversubscribe)
    yield from _pairs(_PLAIN, ("launcher", "env"), launcher.env)


def _pairs(kind: str, path: KeyPath, pairs: Pairs) -> Iterator[tuple[str, KeyPath, str]]:
    for name, value in pairs:
        yield kind, (*path, name), value


CHECKS: tuple[SiteCheck, ...] = (known_templates, ranks_are_counted)
