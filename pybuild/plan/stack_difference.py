"""What changes between two locks of a stack, name by name: the dangerous first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Literal

from packaging.version import InvalidVersion, Version

from pybuild.model.machine import CondaPackage
from pybuild.model.stack import Lock, LockedRecipe, LockedSite, LockedWheel

Kind = Literal["downgrade", "remove", "change", "upgrade", "add"]
Section = Literal["conda", "index", "recipes", "site", "stack"]
Locked = CondaPackage | LockedWheel | LockedRecipe

KINDS: tuple[Kind, ...] = ("downgrade", "remove", "change", "upgrade", "add")
"""In the order in which they are shown."""

_WORDS = {
    "build": "build", "key": "key", "url": "address", "file": "file", "sha256": "hash",
    "requires": "requirements", "depends": "requirements", "requested": "asked for by name",
    "options": "options", "sources": "sources", "digest": "recipe text",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing that is different.

    Attributes:
        section: where it stands, now or else before; ``stack`` is what belongs to no package and no site.
        was, now: version or value; ``""`` where there is none.
        why: what is different apart from these, in words.
    """

    kind: Kind
    section: Section
    name: str
    was: str = ""
    now: str = ""
    why: str = ""


def difference(old: Lock | None, new: Lock) -> tuple[Row, ...]:
    """Return everything that is different, packages before the site; nothing exactly where both are equal.

    Args:
        old: what is deployed, None where nothing is.
    """
    packages = list(_packages(old, new))
    rest = list(_site(old.site if old else None, new.site)) + list(_stack(old, new))
    return (*_sorted(packages), *_sorted(rest))


def _sorted(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (KINDS.index(row.kind), row.name))


def _packages(old: Lock | None, new: Lock) -> Iterator[Row]:
    before, after = _by_name(old), _by_name(new)
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was is None and now is not None:
            yield Row(kind="add", section=now[0], name=name, now=now[1].version)
        elif now is None and was is not None:
            yield Row(kind="remove", section=was[0], name=name, was=was[1].version)
        elif was is not None and now is not None and was != now:
            yield _changed(name, was, now)


def _by_name(lock: Lock | None) -> dict[str, tuple[Section, Locked]]:
    if lock is None:
        return {}
    found: dict[str, tuple[Section, Locked]] = {one.name: ("conda", one) for one in lock.conda}
    found |= {one.name: ("index", one) for one in lock.index}
    return found | {one.name: ("recipes", one) for one in lock.recipes}


def _changed(name: str, was: tuple[Section, Locked], now: tuple[Section, Locked]) -> Row:
    kind = _direction(was[1].version, now[1].version)
    why = f"from {was[0]} to {now[0]}" if was[0] != now[0] else ""
    if not why and kind == "change":
        parts = (f.name for f in fields(now[1]) if getattr(was[1], f.name) != getattr(now[1], f.name))
        why = ", ".join(dict.fromkeys(_WORDS[part] for part in parts if part in _WORDS))
    return Row(kind=kind, section=now[0], name=name, was=was[1].version, now=now[1].version, why=why)


def _direction(was: str, now: str) -> Kind:
    try:
        old, new = Version(was), Version(now)
    except InvalidVersion:  # conda takes versions that the package index does not
        return "change"
    return "downgrade" if new < old else "upgrade" if new > old else "change"


def _site(old: LockedSite | None, new: LockedSite) -> Iterator[Row]:
    before, after = _site_values(old), _site_values(new)
    for name in [*before, *(name for name in after if name not in before)]:
        yield from _value("site", name, before.get(name, ""), after.get(name, ""))


def _site_values(site: LockedSite | None) -> dict[str, str]:
    """Return what a site's part says, a name for each; modules without their version."""
    if site is None:
        return {}
    values = {"name": site.name, "file": site.digest, "target": site.target, "compiler": site.compiler}
    values |= _joined((f"module {name}", version or "loaded") for name, version in map(_module, site.modules))
    return values | _joined((f"{virtual} provider", identity) for virtual, identity in site.identities)


def _module(text: str) -> tuple[str, str]:
    name, slash, version = text.rpartition("/")
    return (name, version) if slash else (text, "")


def _joined(pairs: Iterator[tuple[str, str]]) -> dict[str, str]:
    """Return values by name; what has several under one name has them all, in order."""
    found: dict[str, str] = {}
    for name, value in pairs:
        found[name] = f"{found[name]}; {value}" if name in found else value
    return found


def _stack(old: Lock | None, new: Lock) -> Iterator[Row]:
    names: Mapping[str, str] = {
        "stack": "name", "declared": "stack file", "subdir": "platform", "python": "python",
        "interpreter": "interpreter", "installer": "installer",
    }  # fmt: skip
    for key, name in names.items():
        yield from _value("stack", name, getattr(old, key) if old else "", getattr(new, key))


def _value(section: Section, name: str, was: str, now: str) -> Iterator[Row]:
    if was == now:
        return
    kind: Kind = "add" if not was else "remove" if not now else "change"
    if name == "python" and kind == "change":
        kind = _direction(was, now)
    yield Row(kind=kind, section=section, name=name, was=was, now=now)
