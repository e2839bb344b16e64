"""The base of a release, kept in the cache: the very Python that index packages are resolved for."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from pybuild.commit import PrefixChangedError
from pybuild.model.recipe import NATIVE
from pybuild.workflow import Survey, carry_out

if TYPE_CHECKING:
    from pybuild.model.plan import Plan
    from pybuild.settings import Settings

_METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
_GOING = ".going"
_KEPT = 24 * 3600.0
"""Seconds after which a base that nobody used goes."""


def base_of_release(found: Survey, settings: Settings) -> Path:
    """Return a prefix of what the plan has of conda, its Python and pip; the next run finds it there.

    Raises:
        FetchError, ChecksumError, BuildError, PrefixError: as making a prefix finds it.
    """
    home = Path(settings.places.cache, "bases")
    home.mkdir(parents=True, exist_ok=True)
    _clear(home)
    plan = _base(found, home)
    prefix = Path(plan.prefix)
    if not (prefix / "conda-meta" / "history").exists():
        with suppress(PrefixChangedError):  # somebody else made it just now
            carry_out(plan, settings)
    os.utime(prefix)
    return prefix


def _clear(home: Path) -> None:
    """Remove bases that nobody used for a day, and what made them.

    First they lose their names: half a base, which a killed run would leave, must not be taken for one.
    """
    for old in home.iterdir():
        with suppress(OSError):
            if old.name.endswith(_GOING):
                shutil.rmtree(old)
            elif time.time() - old.stat().st_mtime > _KEPT:
                if old.is_dir():
                    shutil.rmtree(old.rename(f"{old}{_GOING}"))
                else:
                    old.unlink()


def _base(found: Survey, home: Path) -> Plan:
    """Return the part of the plan that pip needs to run, for a prefix that is named after it."""
    ours = {package.name: package for package in found.plan.packages}
    wanted: set[str] = set()
    waiting = ["python", "pip"]
    while waiting:
        name = waiting.pop()
        if name in ours and name not in wanted:
            wanted.add(name)
            waiting += [text.split()[0] for text in ours[name].depends]
    packages = tuple(p for p in found.plan.packages if p.action == "conda" or p.name in wanted)
    rows = sorted(
        (p.name, p.version, p.build_string, p.sha256 if p.action == "conda" else "") for p in packages
    )
    name = hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]
    return replace(found.plan, prefix=str(home / name), specs=("pip",), packages=packages)


def show_recipes(found: Survey, place: Path) -> None:
    """Let pip see what recipes will make, at its exact version: it must neither replace nor repeat it.

    Args:
        place: a folder of the Python's path that holds nothing else.
    """
    for name, version in made_by_recipes(found).items():
        if name == "pip":
            continue  # the base has it
        info = place / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
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
