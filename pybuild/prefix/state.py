"""Read a prefix as it is now: names from file names, no record opened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import cast

from pybuild.errors import PrefixError
from pybuild.model.machine import Installed, PrefixState
from pybuild.prefix import places
from pybuild.prefix.notes import Note, is_installed, read_notes

LONGEST = 200
"""Built packages carry placeholders of 220 characters, which a prefix must fit into (``build.stage``)."""


def read_state(prefix: str) -> PrefixState:
    """Return what stands at ``prefix``.

    Raises:
        PrefixError: it is a file, or a folder that is neither empty nor a conda prefix,
            or a conda prefix without a Python or that cannot be written.
    """
    path = Path(prefix)
    _demand_usable_name(prefix)
    if not path.exists():
        _demand_place(path)
        return PrefixState(path=prefix, exists=False)
    if not path.is_dir():
        raise PrefixError(f"{prefix}: is a file, a prefix must be a folder", hint="name another --prefix")
    if not (places.meta(path) / "history").exists():
        if path.is_symlink() or os.listdir(path):
            raise PrefixError(
                f"{prefix}: is neither an empty folder nor a conda prefix (it has no conda-meta/history)",
                hint="name an empty or missing folder, or a conda environment",
            )
        _demand_place(path)
        return PrefixState(path=prefix, exists=False)
    demand_no_release(path)
    if not os.access(places.meta(path), os.W_OK | os.X_OK):
        raise PrefixError(
            f"{prefix}: is read-only for you (no write permission on conda-meta)",
            hint="name a prefix of your own, or ask its owner",
        )
    packages = read_packages(path)
    python = next((package.version for package in packages if package.name == "python"), None)
    if python is None:
        raise PrefixError(
            f"{prefix}: the conda prefix has no python",
            hint=f"conda install -p {prefix} python, or name a new prefix",
        )
    return PrefixState(path=prefix, exists=True, python=python, packages=packages)


def read_packages(prefix: Path) -> tuple[Installed, ...]:
    """Return every package that conda has a record of, ours with what we noted about them."""
    ours = {str(note["name"]): note for note in read_notes(prefix) if is_installed(prefix, note)}
    found = []
    for entry in sorted(os.listdir(places.meta(prefix))):
        if entry.endswith(".json") and entry.count("-") >= 2:
            name, version, build = entry[:-5].rsplit("-", 2)
            found.append(_installed(name, version, build, ours.get(name)))
    return tuple(found)


def _installed(name: str, version: str, build: str, note: Note | None) -> Installed:
    if note is None:
        return Installed(name=name, version=version, build=build)
    return Installed(
        name=name,
        version=version,
        build=build,
        depends=tuple(cast("list[str]", note.get("depends", []))),
        key=str(note["key"]),
        level=str(note["level"]),
        options=tuple(cast("list[str]", note["options"])),
        identity=tuple((v, i) for v, i in cast("list[list[str]]", note["identity"])),
        requested=bool(note.get("requested")),
    )


def demand_no_release(prefix: Path) -> None:
    """Check that a prefix is not a release of a stack, which must stay as its lock says.

    Raises:
        PrefixError: it is.
    """
    if places.release(prefix).exists():
        raise PrefixError(
            f"{prefix}: is a release of a stack, which is never changed in place",
            hint="change the stack file, then pybuild stack lock FILE and pybuild stack deploy FILE",
        )


def _demand_usable_name(prefix: str) -> None:
    """Check that the path can stand in a search path, a compiler's flags and a relocated file."""
    if any(character.isspace() or character in ":$" for character in prefix):
        raise PrefixError(
            f"{prefix!r}: white space, ':' and '$' in a prefix break compiler wrappers and search paths",
            hint="name another --prefix",
        )
    if len(prefix) > LONGEST:
        raise PrefixError(
            f"{prefix}: has {len(prefix)} characters, a relocatable package allows {LONGEST}",
            hint="name a shorter --prefix",
        )


def _demand_place(path: Path) -> None:
    """Check that a new prefix can be made: its nearest existing ancestor must be writable."""
    if path.is_symlink():
        raise PrefixError(f"{path}: is a link to nothing", hint="remove the link or name another --prefix")
    parent = path.parent
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir():
        raise PrefixError(f"{parent}: is a file, a prefix cannot lie below it", hint="name another --prefix")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise PrefixError(
            f"{path}: cannot be made, you have no write permission on {parent}", hint="name another --prefix"
        )
