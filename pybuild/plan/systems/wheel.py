"""Build system ``wheel``: a wheel of the package index, packaged like everything else."""

from __future__ import annotations

from pybuild.model.plan import StageWheel, Step
from pybuild.plan.systems.common import Material


def steps(material: Material) -> tuple[Step, ...]:
    """Return the single step: install the wheel into the staging prefix."""
    return (StageWheel(download=material.download),)
