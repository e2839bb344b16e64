"""Which modules a site names, and which realistic neighbours they have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from pybuild.box.kinds import CPUS, HUGEPAGES, SIBLINGS, kind_of, prgenv_suite, version_of
from pybuild.model.modules import Operation
from pybuild.model.site import Site

NEIGHBOURS = ("PrgEnv-gnu", "PrgEnv-intel", "PrgEnv-cray")


def module_names(site: Site) -> dict[str, tuple[str, ...]]:
    """Return the versions of every module of the box by name, the default first.

    Everything that the site loads, chooses or names in a pattern is there, the compilers and wrappers that
    programming environments bring, and neighbours that a real machine has as well.
    """
    named = tuple(_named(site))
    found: dict[str, list[str]] = {}
    # A name that stands alone comes first: where versions of it are named too, they need not be the default.
    for name in sorted(named, key=lambda name: "/" in name):
        stem, _, version = name.partition("/")
        versions = found.setdefault(stem, [] if version else [v for v in [version_of(stem)] if v])
        if version and version not in versions:
            versions.append(version)
    for name in _implied(site, tuple(found)):
        found.setdefault(name, [])
    for pattern in sorted(_patterns(site)):
        if not any(fnmatchcase(name, pattern.partition("/")[0]) for name in found):
            found.setdefault(_example(pattern), [])
    return {name: _versions(name, given) for name, given in found.items()}


def operations(site: Site) -> Iterator[Operation]:
    """Yield every module operation of a site."""
    for target in site.targets:
        yield from target.modules
    for virtual in site.virtuals:
        for provider in virtual.providers:
            yield from provider.modules
    for rule in site.rules:
        yield from rule.modules


def is_xc(site: Site) -> bool:
    """Return whether it is an XC machine: those had Aries, and linked statically unless told otherwise."""
    names = (*site.modules.baseline, *(one.module for one in operations(site)))
    return any(name.startswith("craype-network-aries") for name in names)


def _named(site: Site) -> Iterator[str]:
    yield from site.modules.baseline
    yield from (entry.module for entry in site.python_modules)
    for one in operations(site):
        if one.kind in ("load", "swap", "choose"):
            yield from (one.module, *([one.old] if one.old else []))


def _implied(site: Site, named: tuple[str, ...]) -> Iterator[str]:
    """Yield what the named modules bring, and their neighbours."""
    kinds = {kind_of(name) for name in named}
    if "prgenv" in kinds:
        environments = dict.fromkeys([*(name for name in named if kind_of(name) == "prgenv"), *NEIGHBOURS])
        yield from environments
        yield from (prgenv_suite(name).module for name in environments)
        yield from ("craype", "cray-mpich")
    if "cpu" in kinds:
        yield from CPUS
    if "hugepages" in kinds or any("hugepages" in pattern for pattern in _patterns(site)):
        yield from HUGEPAGES


def _patterns(site: Site) -> set[str]:
    """Return what the site unloads, forbids, or counts in a family or as neutral."""
    found = {one.module for one in operations(site) if one.kind == "unload"}
    found |= {pattern for rule in site.rules for pattern in rule.forbid}
    found |= {pattern for _, patterns in site.modules.families for pattern in patterns}
    return (found | set(site.modules.neutral)) - {"*"}


def _example(pattern: str) -> str:
    """Return a module that a pattern names: ``darshan`` for ``darshan*``."""
    return pattern.partition("/")[0].replace("*", "").rstrip("-") or "example"


def _versions(name: str, given: Iterable[str]) -> tuple[str, ...]:
    known = list(given) or ([version_of(name)] if version_of(name) else [])
    return (*known, *(v for v in SIBLINGS.get(name, ()) if v not in known)) or ("",)
