"""The plan of a release: what the lock names and nothing else, or a sentence about what has drifted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pybuild.errors import PlanError
from pybuild.locking.place import demand_allowed
from pybuild.locking.record import declared, lock_of
from pybuild.locking.request import at_site, pinned
from pybuild.plan.locked_wheels import named, wheel_packages
from pybuild.plan.stack_drift import drift, new_texts

if TYPE_CHECKING:
    from pybuild.model.plan import PackagePlan, Plan
    from pybuild.model.stack import Lock, Stack
    from pybuild.settings import Settings
    from pybuild.workflow import Survey


class DriftError(PlanError):
    """A lock that no longer holds: the machine, the site or a recipe is not what it was.

    Args:
        found: a sentence for each thing that is different.
    """

    def __init__(self, message: str, *, found: tuple[str, ...], hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.found = found


def plan_release(stack: Stack, lock: Lock, prefix: str, settings: Settings) -> Plan:
    """Return the exact plan of a release: what the lock names, nothing else, for a new prefix.

    No network is asked. ``plan.verify`` is the stack's level, or ``imported`` where ``ranked`` is demanded
    on a login node, where no ranks may start.

    Args:
        prefix: absolute path of the release, which must not exist yet.

    Raises:
        PlanError: the lock is older than its stack file, or the site, a recipe or a source is no longer what
            it was; the hint is ``pybuild stack lock``.
        DocumentError: a recipe or the site's file is wrong, or the site does not let the stack be there.
        ModuleToolError: the site's modules are not what its file says.
    """
    from pybuild.channel.folder import find_packages
    from pybuild.load.sites import choose_site
    from pybuild.workflow import survey

    demand_current(stack, lock)
    settings = at_site(stack, settings)
    demand_allowed(stack, choose_site(settings.site, settings.places, settings.environ), settings.environ)
    try:
        found = survey(pinned(stack, lock, prefix), settings)
    except DriftError:
        raise
    except PlanError as error:
        raise _drifted(stack, (error.message,)) from error
    now = lock_of(stack, found.plan, found.world, lock.index)
    different = drift(lock, now)
    if different:
        raise _drifted(stack, different)
    held = find_packages(found.plan.channel, found.plan.subdir, named(lock.index))
    wheels = wheel_packages(lock.index, found.plan, found.world, held)
    return _finished(stack, lock, now, found, wheels)


def demand_current(stack: Stack, lock: Lock) -> None:
    """Check that a lock was made from the stack file as it is.

    Raises:
        PlanError: the stack file has changed since.
    """
    if lock.declared != declared(stack):
        raise PlanError(
            f"{stack.file}: has changed since its lock was made, so the lock is older than what it locks",
            hint=f"pybuild stack lock {stack.file}",
        )


def _drifted(stack: Stack, found: tuple[str, ...]) -> DriftError:
    return DriftError(
        f"the lock of {stack.name} no longer holds: {'; '.join(found)}",
        found=found,
        hint=f"pybuild stack lock {stack.file} locks what is there now; nothing was built or changed",
    )


def _finished(stack: Stack, lock: Lock, now: Lock, found: Survey, wheels: tuple[PackagePlan, ...]) -> Plan:
    from pybuild.conda.channels import spec_name

    plan = found.plan
    asked = {spec_name(text) for text in stack.conda}
    packages = (
        *(
            replace(p, requested=True) if p.name in asked and p.action == "conda" else p
            for p in plan.packages
        ),
        *wheels,
    )
    lowered = stack.verify == "ranked" and plan.node == "login"
    texts = new_texts(lock, now)
    note = f"recipes with another text than when it was locked, to the same result: {', '.join(texts)}"
    return replace(
        plan,
        specs=(*stack.recipes, *stack.conda, *stack.index),
        packages=packages,
        verify="imported" if lowered else stack.verify,
        notes=(*plan.notes, *((note,) if texts else ())),
    )
