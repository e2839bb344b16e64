"""Build systems: each turns a recipe's ``build`` into steps; adding one is a file and a line here."""

from __future__ import annotations

from typing import Protocol

from pybuild.model.plan import Step
from pybuild.plan.systems import autotools, cmake, distutils, make, meson, python, shell, wheel
from pybuild.plan.systems.common import Material, bash, prepared


class BuildSystem(Protocol):
    """What a build system module offers."""

    def steps(self, material: Material) -> tuple[Step, ...]:
        """Return the steps from a source that is ready to be built to a filled staging prefix."""


SYSTEMS: dict[str, BuildSystem] = {
    "python": python,
    "distutils": distutils,
    "wheel": wheel,
    "autotools": autotools,
    "cmake": cmake,
    "meson": meson,
    "make": make,
    "shell": shell,
}


def steps_of(system: str, material: Material) -> tuple[Step, ...]:
    """Return every step from fetched files to a filled staging prefix."""
    if system == "wheel":
        return wheel.steps(material)
    own = SYSTEMS[system].steps(material)
    return (*prepared(material), *own, *bash("after", material.after, material))
