"""Locks of stacks: everything resolved to exact things, and the plan of a release made from them.

``make_lock`` is ``pybuild stack lock``; ``plan_release`` is what ``pybuild stack deploy`` begins with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pybuild.errors import PlanError

if TYPE_CHECKING:
    from pybuild.model.plan import Plan
    from pybuild.model.stack import Lock, Stack
    from pybuild.settings import Settings


def plan_release(stack: Stack, lock: Lock, prefix: str, settings: Settings) -> Plan:
    """Return the exact plan of a release: what the lock names, nothing else, for a new prefix.

    No network is asked. ``plan.verify`` is the stack's level, or ``imported`` where ``ranked`` is demanded
    on a login node, where no ranks may start.

    Args:
        prefix: absolute path of the release, which must not exist yet.

    Raises:
        PlanError: the lock is older than its stack file, or the site, a recipe or a source is no longer what
            it was; the hint is ``pybuild stack lock``.
        DocumentError: a recipe or the site's file is wrong.
        ModuleToolError: the site's modules are not what its file says.
    """
    demand_current(stack, lock)
    raise PlanError("releases cannot be planned yet")


def demand_current(stack: Stack, lock: Lock) -> None:
    """Check that a lock was made from the stack file as it is.

    Raises:
        PlanError: the stack file has changed since.
    """
    import hashlib

    if lock.declared != hashlib.sha256(stack.text.encode()).hexdigest():
        raise PlanError(
            f"{stack.file}: has changed since its lock was made, so the lock is older than what it locks",
            hint=f"pybuild stack lock {stack.file}",
        )
