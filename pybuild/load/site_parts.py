"""The parts of a site that say where they are known from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from pybuild.load.document import KeyPath
from pybuild.model.site import Site


class Sourced(Protocol):
    """Something with a source, and a note on what of it is only remembered."""

    @property
    def source(self) -> str:
        """Who says so, and when."""

    @property
    def recalled(self) -> str:
        """What of it is only remembered."""


def parts(site: Site) -> Iterator[tuple[KeyPath, Sourced]]:
    """Yield every part of a site that can have a source, with its key."""
    for node in site.nodes:
        yield ("nodes", node.kind), node
    yield ("modules",), site.modules
    for virtual in site.virtuals:
        for index, provider in enumerate(virtual.providers):
            yield ("virtuals", virtual.name, index), provider
    lists: tuple[tuple[KeyPath, tuple[Sourced, ...]], ...] = (
        (("targets",), site.targets),
        (("rules",), site.rules),
        (("libraries", "refuse"), site.libraries),
        (("python", "modules"), site.python_modules),
        (("python", "refuse"), site.python_refused),
        (("python", "variables"), site.python_variables),
        (("failures",), site.failures),
        (("file_systems",), site.file_systems),
    )
    for path, things in lists:
        for index, thing in enumerate(things):
            yield (*path, index), thing
    if site.launcher is not None:
        yield ("launcher",), site.launcher
    if site.share is not None:
        yield ("share",), site.share


def recalled(site: Site) -> tuple[tuple[str, str], ...]:
    """Return (key, what of it is only remembered) for every part that is not documented in all it says."""
    from pybuild.load.dotted import dotted

    return tuple((dotted(path), thing.recalled) for path, thing in parts(site) if thing.recalled)
