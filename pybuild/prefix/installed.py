"""Read back what a package brought with it: its plan, its files, its log."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pybuild.errors import PrefixError
from pybuild.model.machine import Installed, PrefixState
from pybuild.model.plan import PackagePlan
from pybuild.model.providers import base_of
from pybuild.prefix import places
from pybuild.prefix.contents import record_paths
from pybuild.prefix.notes import Note, read_note
from pybuild.structured import read_mapping, structured

SHARE = "share/pybuild"
"""Where a package keeps its record, log and test scripts, below the prefix and its own name."""


def share(prefix: Path, name: str) -> Path:
    """Return the folder where an installed package keeps its record, log and test scripts."""
    return prefix / SHARE / name


def read_record(prefix: Path, name: str) -> dict[str, Any] | None:
    """Return a package's whole record, None where there is none."""
    return read_mapping(share(prefix, name) / "record.json")


def with_origins(state: PrefixState) -> PrefixState:
    """Return the state with what our packages were built from and with, as far as their records say."""
    prefix = Path(state.path)
    packages = tuple(_with_origin(prefix, one) if one.key else one for one in state.packages)
    return replace(state, packages=packages)


def _with_origin(prefix: Path, package: Installed) -> Installed:
    record = (read_record(prefix, package.name) or {}).get("package", {})
    if record.get("key") != package.key:
        return package
    names = {field: value for field, value, _ in record.get("fields", ())}
    found = ((virtual, names.get(f"{base_of(virtual)}.name")) for virtual, _ in package.identity)
    inputs = (record.get("build") or {}).get("inputs", "")
    return replace(package, providers=tuple((v, name) for v, name in found if name), inputs=inputs)


def planned(prefix: Path, name: str) -> PackagePlan | None:
    """Return the plan of an installed package without its build: what verification and activation need.

    What its runs need is as it was when it was installed, which may be long after it was built.

    Raises:
        PrefixError: its record, or the note about it, does not hold what it must.
    """
    record = read_record(prefix, name)
    if record is None:
        return None
    package = record.get("package")
    run = (read_note(prefix, name) or {}).get("run")
    news = {f"run_{part}": value for part, value in run.items()} if isinstance(run, dict) else {}
    whole = {**package, **news, "build": None} if isinstance(package, dict) else package
    try:
        return structured(whole, PackagePlan)
    except ValueError as error:
        raise PrefixError(
            f"{share(prefix, name) / 'record.json'}: package: {error}",
            hint=f"pybuild install {name} --rebuild -p {prefix}",
        ) from error


def files_of(prefix: Path, note: Note) -> tuple[str, ...]:
    """Return the files that conda says the package owns, relative to the prefix."""
    stem = f"{note['name']}-{note['version']}-{note['build']}"
    return tuple(sorted(record_paths(places.meta(prefix) / f"{stem}.json")))
