"""The base of a release in a throw-away prefix: the very Python that index packages are resolved for."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from pybuild.model.recipe import NATIVE
from pybuild.workflow import Survey, carry_out

if TYPE_CHECKING:
    from pybuild.model.plan import Plan
    from pybuild.settings import Settings

_METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"


@contextmanager
def base_of_release(found: Survey, settings: Settings) -> Iterator[Path]:
    """Make a prefix of what the plan has of conda, its Python and pip; what recipes make is only shown.

    Yields its path; it is gone afterwards.

    Raises:
        FetchError, ChecksumError, BuildError, PrefixError: as making a prefix finds it.
    """
    cache = settings.places.cache
    os.makedirs(cache, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="lock-", dir=cache))
    try:
        prefix = folder / "prefix"
        carry_out(_base(found, prefix), settings)
        _show_recipes(found, prefix)
        yield prefix
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _base(found: Survey, prefix: Path) -> Plan:
    """Return the part of the plan that pip needs to run."""
    ours = {package.name: package for package in found.plan.packages}
    wanted: set[str] = set()
    waiting = ["python", "pip"]
    while waiting:
        name = waiting.pop()
        if name in ours and name not in wanted:
            wanted.add(name)
            waiting += [text.split()[0] for text in ours[name].depends]
    packages = tuple(p for p in found.plan.packages if p.action == "conda" or p.name in wanted)
    return replace(found.plan, prefix=str(prefix), specs=("pip",), packages=packages)


def site_packages(prefix: Path, python: str) -> Path:
    """Return where a prefix's Python looks for packages.

    Args:
        python: its full version.
    """
    return prefix / "lib" / f"python{'.'.join(python.split('.')[:2])}" / "site-packages"


def _show_recipes(found: Survey, prefix: Path) -> None:
    """Let pip see what recipes will make, at its exact version: it must neither replace nor repeat it."""
    place = site_packages(prefix, found.plan.python)
    for name, version in made_by_recipes(found).items():
        info = place / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True, exist_ok=True)
        if not (info / "METADATA").exists():
            (info / "METADATA").write_text(_METADATA.format(name=name, version=version))
            (info / "INSTALLER").write_text("pybuild\n")
            (info / "RECORD").write_text("")


def made_by_recipes(found: Survey) -> dict[str, str]:
    """Return name and version of every distribution that a recipe of the plan makes."""
    recipes = found.world.recipes
    return {
        p.name: p.version
        for p in found.plan.packages
        if p.key and p.name in recipes and recipes[p.name].build.system not in NATIVE
    }


def brought_by_conda(prefix: Path) -> Mapping[str, tuple[str, str]]:
    """Return (version, conda package) of each distribution that conda's packages hold, by its own name."""
    found: dict[str, tuple[str, str]] = {}
    for path in sorted((prefix / "conda-meta").glob("*.json")):
        record = json.loads(path.read_text())
        for file in record.get("files", ()):
            folder, _, name = file.rpartition("/")
            if folder.endswith(".dist-info") and name == "METADATA":
                stem = folder.rpartition("/")[2].removesuffix(".dist-info")
                distribution, _, version = stem.partition("-")
                found[canonicalize_name(distribution)] = (version, record["name"])
    return found
