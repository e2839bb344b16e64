"""What planning one package may look at."""

from __future__ import annotations

from dataclasses import dataclass

from pybuild.model.machine import ChannelPackage
from pybuild.model.plan import PackagePlan
from pybuild.plan.resolve import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What planning one package may look at.

    Attributes:
        python: full version; ``python_identity`` also names its build.
        planned: the packages before this one.
        held: what the channel has.
        rebuild: what was asked for is built again, under the next build number.
    """

    world: World
    python: str
    python_identity: str
    planned: tuple[PackagePlan, ...]
    held: tuple[ChannelPackage, ...]
    rebuild: bool = False
