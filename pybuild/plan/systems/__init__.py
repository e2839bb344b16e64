"""Build systems: each turns a recipe's ``build`` into steps; adding one is a file and a line here."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from pybuild.model.plan import Download, Step
from pybuild.plan.systems import distutils, python, wheel


class Material(NamedTuple):
    """What a build system works with; every string has its fields filled in.

    Attributes:
        download: the source archive, or the wheel for the system ``wheel``.
        overlay: wheels of the build requirements.
    """

    download: Download
    overlay: tuple[Download, ...]
    args: tuple[str, ...]
    install_args: tuple[str, ...]
    python: str
    build_commands: tuple[tuple[str, ...], ...] = ()
    install_commands: tuple[tuple[str, ...], ...] = ()


class BuildSystem(Protocol):
    """What a build system module offers."""

    def steps(self, material: Material) -> tuple[Step, ...]:
        """Return the steps from fetched files to a filled staging prefix."""

    def tools(self, python: str) -> tuple[str, ...]:
        """Return requirements that the system itself adds to the recipe's build requirements."""


SYSTEMS: dict[str, BuildSystem] = {
    "python": python,
    "distutils": distutils,
    "wheel": wheel,
}
