"""Build system ``distutils``: ``setup.py build`` and ``setup.py install`` for sources that know no wheel."""

from __future__ import annotations

from pybuild.model.plan import Step
from pybuild.plan.systems.common import Material, run


def steps(material: Material) -> tuple[Step, ...]:
    """Return: build, install into the staging prefix."""
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
    install = (*setup, "install", *places, *_flat(material), *material.install_args)
    return (
        run("build", (*setup, "build", *material.args), material),
        *(run(words[0], (*setup, *words), material) for words in material.build_commands),
        run("install", install, material),
        *(run(words[0], (*setup, *words), material) for words in material.install_commands),
    )


def _flat(material: Material) -> tuple[str, ...]:
    """With setuptools, keep it from writing an egg directory; plain distutils does not know the option."""
    if any(d.file.startswith("setuptools-") for d in material.overlay):
        return ("--single-version-externally-managed", "--record=${{ dist }}/installed.txt")
    return ()
