"""Build system ``shell``: the recipe's own lines, for what fits no other system."""

from __future__ import annotations

from pybuild.model.plan import StageTree, Step
from pybuild.plan.systems.common import Material, bash


def steps(material: Material) -> tuple[Step, ...]:
    """Return: run the lines, gather what they installed below ``$DESTDIR$PREFIX``."""
    return (*bash("shell", material.script, material), StageTree())
