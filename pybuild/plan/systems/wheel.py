"""Build system ``wheel``: a wheel of the package index, packaged like everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pybuild.model.plan import StageWheel, Step

if TYPE_CHECKING:
    from pybuild.plan.systems import Material


def tools(python: str) -> tuple[str, ...]:
    """Return nothing: there is nothing to build."""
    return ()


def steps(material: Material) -> tuple[Step, ...]:
    """Return the single step: install the wheel into the staging prefix."""
    return (StageWheel(download=material.download),)
