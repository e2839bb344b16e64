"""What every build system works with, and the steps that they have in common."""

from __future__ import annotations

from typing import NamedTuple

from pybuild.model.plan import ApplyPatch, Download, Overlay, Run, StageTree, Step, Unpack

BASH = ("bash", "-euo", "pipefail", "-c")


class Material(NamedTuple):
    """What a build system works with; every string has its fields filled in.

    Attributes:
        download: the source archive, or the wheel for the system ``wheel``.
        overlay: wheels of the build requirements.
        python: full version of the prefix's Python.
        sources: more archives, each with its folder below the main source.
        patches: (file name, text) of each patch.

    The others are those of :class:`pybuild.model.recipe.Build`.
    """

    download: Download
    overlay: tuple[Download, ...]
    python: str
    args: tuple[str, ...] = ()
    build_args: tuple[str, ...] = ()
    install_args: tuple[str, ...] = ()
    build_commands: tuple[tuple[str, ...], ...] = ()
    install_commands: tuple[tuple[str, ...], ...] = ()
    sources: tuple[tuple[Download, str], ...] = ()
    patches: tuple[tuple[str, str], ...] = ()
    folder: str = ""
    before: str = ""
    after: str = ""
    script: str = ""


def prepared(material: Material) -> tuple[Step, ...]:
    """Return the steps from fetched files to a source that is ready to be built."""
    return (
        Unpack(download=material.download),
        *(Unpack(download=download, folder=folder) for download, folder in material.sources),
        *(ApplyPatch(file=file, text=text) for file, text in material.patches),
        Overlay(downloads=material.overlay),
        *bash("before", material.before, material),
    )


def bash(name: str, text: str, material: Material) -> tuple[Step, ...]:
    """Return one step that runs a recipe's own lines; none where it has none."""
    return (run(name, (*BASH, text), material),) if text else ()


def run(name: str, argv: tuple[str, ...], material: Material) -> Run:
    """Return a command that runs in the recipe's folder of the source."""
    return Run(name=name, argv=argv, folder=material.folder)


def make_and_install(
    material: Material, variables: tuple[str, ...] = (), place: tuple[str, ...] = ()
) -> tuple[Step, ...]:
    """Return ``make``, ``make install`` into ``${{ dist }}`` and the gathering of what that installed.

    Args:
        variables: arguments of both commands; ``place``: further ones of the second.
    """
    install = ("make", "install", *variables, *place, "DESTDIR=${{ dist }}", *material.install_args)
    return (
        run("make", ("make", "-j${{ jobs }}", *variables, *material.build_args), material),
        run("install", install, material),
        StageTree(),
    )
