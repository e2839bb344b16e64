"""Shared libraries of an interpreter: its libpython, and those of its own home that its modules need."""

from __future__ import annotations

import glob
import os
from pathlib import Path

from pybuild.interpreter.home import Home
from pybuild.interpreter.tree import Copied, copy_file, link
from pybuild.runpath import prepend_runpath, read_dynamic, relocate_runpaths


def stage_libraries(home: Home, staging: Path, copied: Copied) -> None:
    """Copy the libraries, and let every ELF file of the staging directory find them there.

    Libraries of the machine stay where they are; only what lies in the interpreter's own home moves with it.
    """
    _copy_libpython(home, staging, copied)
    if not home.shared:
        _copy_needed(home, staging, copied)
    relocate_runpaths(copied.elves, root=staging, old=home.olds)
    program = staging / "bin" / f"python{home.short}"
    # Below a shared prefix ld.so.conf, not a RUNPATH, may have led to the library.
    if any(name.startswith("libpython") for name in read_dynamic(program).needed):
        prepend_runpath(program, "$ORIGIN/../lib")


def _copy_libpython(home: Home, staging: Path, copied: Copied) -> None:
    """Copy libpython and its links: also without need of our own, because programs may embed Python."""
    for place in home.libraries:
        found = glob.glob(os.path.join(glob.escape(place), f"libpython{home.short}*.so*"))
        if not found:
            continue
        stable = os.path.join(place, "libpython3.so")
        own_stable = not home.shared and os.path.isfile(stable)
        for path in sorted([*found, stable] if own_stable else found):
            name = os.path.basename(path)
            text = os.path.basename(os.path.realpath(path))
            if text != name:
                link(staging / "lib" / name, text)
            else:
                copy_file(path, staging / "lib" / name, copied)
        return


def _copy_needed(home: Home, staging: Path, copied: Copied) -> None:
    """Copy what the copied files need from the home's own folders, and what that needs (conda, Spack)."""
    waiting = list(copied.elves)
    while waiting:
        file = waiting.pop()
        here = _origin(file, home, staging)
        dynamic = read_dynamic(file)
        for name in dynamic.needed:
            found = _find(name, dynamic.entries, os.path.dirname(here), home)
            if found is None:
                continue
            target = staging / os.path.relpath(os.path.dirname(found), home.prefix) / name
            if target.exists():
                continue
            # The needed name itself becomes the file: one file per library, no chain of links.
            copy_file(os.path.realpath(found), target, copied)
            waiting.append(target)


def _origin(file: Path, home: Home, staging: Path) -> str:
    """Return where a copied file came from, so that its $ORIGIN entries can be followed."""
    return os.path.join(home.prefix, file.relative_to(staging))


def _find(name: str, entries: tuple[str, ...], here: str, home: Home) -> str | None:
    """Return the library's path where it lies in the home; None for a library of the machine."""
    for entry in entries:
        place = os.path.normpath(entry.replace("${ORIGIN}", here).replace("$ORIGIN", here))
        for old in home.olds:
            if place == old or place.startswith(old + os.sep):
                place = home.prefix + place[len(old) :]
                break
        path = os.path.join(place, name)
        if os.path.isfile(path):
            return path if place.startswith(home.prefix + os.sep) else None
    return None
