"""Build system ``python``: a source that declares a build backend (PEP 517) becomes a wheel."""

from __future__ import annotations

from pybuild.model.plan import StageWheel, Step
from pybuild.plan.systems.common import Material, run


def steps(material: Material) -> tuple[Step, ...]:
    """Return: build a wheel without isolation, stage it."""
    place = "/".join(part for part in ("${{ source }}", material.folder) if part)
    command = ("${{ python }}", "-m", "build", "--wheel", "--no-isolation", "--skip-dependency-check")
    return (
        run("build", (*command, *material.args, "--outdir", "${{ dist }}", place), material),
        StageWheel(),
    )
