"""Build system ``autotools``: ``./configure``, ``make``, ``make install``."""

from __future__ import annotations

from pybuild.model.plan import Step
from pybuild.plan.systems.common import Material, make_and_install, run


def steps(material: Material) -> tuple[Step, ...]:
    """Return: configure for the host prefix, make, install below ``${{ dist }}``."""
    return (
        run("configure", ("./configure", "--prefix=${{ host }}", *material.args), material),
        *make_and_install(material),
    )
