"""Build system ``cmake``: configured and built out of the source, with Ninja."""

from __future__ import annotations

from pybuild.model.plan import StageTree, Step
from pybuild.plan.systems.common import Material, run

FOLDER = "pybuild-build"
"""Where it is built, below the source."""


def steps(material: Material) -> tuple[Step, ...]:
    """Return: configure for the host prefix, build, install below ``${{ dist }}``."""
    settings = (
        "-DCMAKE_BUILD_TYPE=Release",
        "-DCMAKE_INSTALL_PREFIX=${{ host }}",
        # Some distributions' CMake would choose lib64, where nothing else looks.
        "-DCMAKE_INSTALL_LIBDIR=lib",
        "-DCMAKE_INSTALL_RPATH=${{ host }}/lib",
        "-DCMAKE_INSTALL_RPATH_USE_LINK_PATH=ON",
    )
    configure = ("cmake", "-S", ".", "-B", FOLDER, "-G", "Ninja", *settings, *material.args)
    build = ("cmake", "--build", FOLDER, "--parallel", "${{ jobs }}", *material.build_args)
    install = ("env", "DESTDIR=${{ dist }}", "cmake", "--install", FOLDER, *material.install_args)
    return (
        run("configure", configure, material),
        run("build", build, material),
        run("install", install, material),
        StageTree(),
    )
