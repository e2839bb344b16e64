"""All checks of a shell and a prefix, in the order of what matters most."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pybuild.checkup import copies, interpreter, modules, origins, programs, records, variables
from pybuild.checkup.state import Prefix, Shell, read_prefix
from pybuild.errors import PybuildError
from pybuild.load.node import node_kind, starts_ranks
from pybuild.load.sites import choose_site
from pybuild.model.finding import Finding
from pybuild.plan.running import Running
from pybuild.prefix import places
from pybuild.prefix.scripts import running_of
from pybuild.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """What was looked at, and what is wrong with it, most important first.

    Attributes:
        node: kind of this node, None where the site does not say.
        prefix: path of the prefix, None where only the shell was looked at.
        packages: how many packages of ours are in it.
    """

    site: str
    node: str | None
    prefix: str | None
    packages: int
    findings: tuple[Finding, ...]


def examine(path: Path | None, settings: Settings) -> Checkup:
    """Look at the shell, and at a prefix if one is named; nothing is changed.

    Args:
        path: a conda prefix, or where one was being made.

    Raises:
        PlanError: there is no such site, or two claim this machine.
        DocumentError: the site's file is wrong.
        OSError: the prefix cannot be listed.
    """
    environ = settings.environ
    site = choose_site(settings.site, settings.places, environ)
    shell = Shell(
        site=site, named=settings.site is not None, environ=environ,
        starts_ranks=starts_ranks(site, environ, platform.node()),
    )  # fmt: skip
    prefix = None
    found = list(records.interrupted(path)) if path is not None else []
    if path is not None and not found and places.meta(path).is_dir():
        prefix = read_prefix(path)
        found += records.unreadable(path)
        found += _of_prefix(prefix, shell, settings)
    found += _of_shell(shell, prefix, path)
    found.sort(key=lambda one: one.level == "note")  # stable: checks keep their order
    return Checkup(
        site=site.name, node=node_kind(site, environ, platform.node()), prefix=str(path) if path else None,
        packages=len(prefix.ours) if prefix else 0, findings=tuple(found),
    )  # fmt: skip


def _of_prefix(prefix: Prefix, shell: Shell, settings: Settings) -> Iterator[Finding]:
    search = interpreter.search_of(prefix, shell.environ)
    yield from interpreter.python_runs(prefix, search, shell.environ)
    yield from records.gone(prefix)
    yield from records.without_plan(prefix)
    yield from copies.replaced_files(prefix)
    if search is not None:
        yield from copies.shadowed(prefix, search, shell.environ)
    yield from copies.second_mpi(prefix)
    yield from origins.other_site(prefix, shell)
    yield from origins.other_providers(prefix, shell, settings)
    yield from records.unpinned(prefix)
    yield from origins.unproven(prefix, shell)


def _of_shell(shell: Shell, prefix: Prefix | None, path: Path | None) -> Iterator[Finding]:
    running = _running(prefix)
    yield from modules.unknown_cray(shell)
    if running is not None:
        yield from modules.other_modules(shell, running)
    yield from modules.forbidden_modules(shell, running)
    yield from programs.mpi_in_the_way(shell, prefix)
    yield from programs.missing_programs(shell, str(path) if path else "")
    yield from variables.foreign_variables(shell, str(path) if path else "")


def _running(prefix: Prefix | None) -> Running | None:
    """Return what the packages run with, None where there are none, or they cannot run in one shell."""
    try:
        return running_of(prefix.path) if prefix is not None and prefix.ours else None
    except (PybuildError, OSError):
        return None
