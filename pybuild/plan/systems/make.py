"""Build system ``make``: a makefile that is told its places by variables."""

from __future__ import annotations

from pybuild.model.plan import Step
from pybuild.plan.systems.common import Material, make_and_install


def steps(material: Material) -> tuple[Step, ...]:
    """Return: make, and install below ``${{ dist }}``; both spellings of the prefix are in use."""
    return make_and_install(material, material.args, ("PREFIX=${{ host }}", "prefix=${{ host }}"))
