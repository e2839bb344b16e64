"""Build system ``distutils``: ``setup.py build`` and ``setup.py install`` for sources that know no wheel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pybuild.model.plan import Overlay, Run, Step, Unpack

if TYPE_CHECKING:
    from pybuild.plan.systems import Material


def tools(python: str) -> tuple[str, ...]:
    """Return nothing: a recipe names the setuptools that its setup.py needs."""
    return ()


def steps(material: Material) -> tuple[Step, ...]:
    """Return: unpack, gather the build requirements, build, install into the staging prefix."""
    setup = ("${{ python }}", "setup.py")
    short = ".".join(material.python.split(".")[:2])
    site_packages = f"${{{{ staging }}}}/lib/python{short}/site-packages"
    # Every place is named, because the interpreter's own scheme may differ (Debian's dist-packages).
    places = (
        "--prefix=${{ staging }}",
        f"--install-lib={site_packages}",
        "--install-scripts=${{ staging }}/bin",
        "--install-data=${{ staging }}",
    )
    return (
        Unpack(download=material.download),
        Overlay(downloads=material.overlay),
        Run(name="build", argv=(*setup, "build", *material.args)),
        *(Run(name=words[0], argv=(*setup, *words)) for words in material.build_commands),
        Run(name="install", argv=(*setup, "install", *places, *_flat(material), *material.install_args)),
        *(Run(name=words[0], argv=(*setup, *words)) for words in material.install_commands),
    )


def _flat(material: Material) -> tuple[str, ...]:
    """With setuptools, keep it from writing an egg directory; plain distutils does not know the option."""
    if any(d.file.startswith("setuptools-") for d in material.overlay):
        return ("--single-version-externally-managed", "--record=${{ dist }}/installed.txt")
    return ()
