"""Resolve a stack file to exact things: ``pybuild stack lock``."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from pybuild.errors import UsageError
from pybuild.locking.index import resolve_index
from pybuild.locking.installed import packages_of
from pybuild.locking.place import demand_allowed
from pybuild.locking.record import lock_of
from pybuild.locking.request import at_site, nowhere, request_of
from pybuild.model.stack import Lock, Stack

if TYPE_CHECKING:
    from pybuild.settings import Settings


def make_lock(
    stack: Stack, settings: Settings, older: Lock | None = None, upgrade: Collection[str] = ()
) -> Lock:
    """Return everything that a release of the stack is made of, exactly.

    Args:
        older: the lock that is there; what it chose is taken again wherever that is possible.
        upgrade: names of packages that are to be as new as possible instead.

    Raises:
        DocumentError: the root is not where the site lets stacks be, or a recipe or the site's file is wrong.
        PlanError: the stack cannot be met: by recipes, by conda channels, by wheels of the index.
        UsageError: a name to upgrade that the older lock does not have.
        FetchError, ChecksumError: index or channels cannot be asked, or do not give what they say.
        ModuleToolError: the site's modules are not what its file says.
    """
    from pybuild.load.sites import choose_site
    from pybuild.workflow import survey

    settings = at_site(stack, settings)
    demand_allowed(stack, choose_site(settings.site, settings.places, settings.environ), settings.environ)
    _demand_known(upgrade, older, stack.file)
    settings.report.phase(stack.name, "resolve")
    request = request_of(stack, nowhere(settings), older, upgrade)
    if stack.installer is not None:
        request = replace(request, base=packages_of(stack.installer, settings))
    found = survey(request, settings)
    wheels = resolve_index(stack, found, settings, older, upgrade) if stack.index else ()
    return lock_of(stack, found.plan, found.world, wheels)


def _demand_known(upgrade: Collection[str], older: Lock | None, file: str) -> None:
    from pybuild.load.near import near_names

    if not upgrade:
        return
    if older is None:
        raise UsageError("--upgrade: there is no lock yet, so everything is as new as possible anyway",
                         hint=f"pybuild stack lock {file}")  # fmt: skip
    known = {"python", *(p.name for p in older.conda), *(w.name for w in older.index)}
    known |= {recipe.name for recipe in older.recipes}
    for name in upgrade:
        if name not in known:
            near = near_names(name, known)
            hint = (
                f"did you mean {' or '.join(near)}?"
                if near
                else f"pybuild stack plan {file} --json lists its names"
            )
            raise UsageError(f"--upgrade: the lock has no package {name!r}", hint=hint)
