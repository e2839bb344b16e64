"""Build system ``meson``: for what is no Python package; those are built by ``python`` and meson-python."""

from __future__ import annotations

from pybuild.model.plan import StageTree, Step
from pybuild.plan.systems.common import Material, run

FOLDER = "pybuild-build"
"""Where it is built, below the source."""


def steps(material: Material) -> tuple[Step, ...]:
    """Return: set up for the host prefix, compile, install below ``${{ dist }}``."""
    places = ("--prefix=${{ host }}", "--libdir=lib", "--buildtype=release")
    compile_ = ("meson", "compile", "-C", FOLDER, "-j", "${{ jobs }}", *material.build_args)
    install = ("meson", "install", "-C", FOLDER, "--no-rebuild", "--destdir", "${{ dist }}")
    return (
        run("configure", ("meson", "setup", FOLDER, *places, *material.args), material),
        run("build", compile_, material),
        run("install", (*install, *material.install_args), material),
        StageTree(),
    )
