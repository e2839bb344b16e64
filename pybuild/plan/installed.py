"""What the packages of a prefix still need, read from the requirements that conda records for them."""

from __future__ import annotations

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from pybuild.model.machine import Installed
from pybuild.plan.needs import Need


def standing_needs(package: Installed) -> tuple[Need, ...]:
    """Return the requirements of an installed package, as far as they can be said in Python's terms.

    conda writes more than specifiers (``1.26.*``, ``>=1,<2|>=4``, builds); what has no equal is left out.
    """
    return tuple(need for text in package.depends if (need := _need(text)) is not None)


def fits(version: str, specifier: str) -> bool:
    """Return whether a conda package's version is within a specifier; odd versions fit nothing but ``""``."""
    if not specifier:
        return True
    try:
        return SpecifierSet(specifier).contains(Version(version), prereleases=True)
    except InvalidVersion:
        return False


def _need(text: str) -> Need | None:
    name, _, rest = text.strip().partition(" ")
    version = rest.split()[0] if rest.split() else ""
    if not version or version == "*":
        return Need(name=name)
    parts = [part if part[0] in "<>=!~" else f"=={part}" for part in version.split(",") if part]
    # conda's "=1.26" is a prefix, Python's "==1.26" is not
    parts = [f"=={part[1:]}.*" if part[0] == "=" and part[1:2] != "=" else part for part in parts]
    try:
        return Need(name=name, specifier=str(SpecifierSet(",".join(parts))))
    except InvalidSpecifier:
        return None
