"""Build system ``python``: a source that declares a build backend (PEP 517) becomes a wheel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pybuild.model.plan import Overlay, Run, StageWheel, Step, Unpack

if TYPE_CHECKING:
    from pybuild.plan.systems import Material


def tools(python: str) -> tuple[str, ...]:
    """Return the front-end that calls the backend: pypa's build, in the target's own Python."""
    return ("build",)


def steps(material: Material) -> tuple[Step, ...]:
    """Return: unpack, gather the build requirements, build a wheel without isolation, stage it."""
    command = ("${{ python }}", "-m", "build", "--wheel", "--no-isolation", "--skip-dependency-check")
    return (
        Unpack(download=material.download),
        Overlay(downloads=material.overlay),
        Run(
            name="build",
            argv=(*command, *material.args, "--outdir", "${{ dist }}", "${{ source }}"),
        ),
        StageWheel(),
    )
