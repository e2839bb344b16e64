"""Copying an interpreter's files: only its own, edited on the way, times kept."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pybuild.interpreter.debian import FOREIGN_MODULES

# A file's path below the copied directory and its bytes; returns the bytes to write.
Edit = Callable[[str, bytes], bytes]

# The interpreter's own tests, wherever they lie, and what others installed.
_LEFT_OUT_FOLDERS = frozenset({"test", "tests", "idle_test", "site-packages", "dist-packages"})
# EXTERNALLY-MANAGED (PEP 668) speaks of the system's Python; optimised bytecode is for -O alone.
_LEFT_OUT_FILES = re.compile(
    r"EXTERNALLY-MANAGED|libpython.*|.*\.opt-[12]\.pyc|.*\.pyo|" + rf"(?:{'|'.join(FOREIGN_MODULES)})\..*"
)
# Headers of other distributions lie beside the interpreter's; only these folders are its own.
_HEADER_FOLDERS = frozenset({"cpython", "internal"})


@dataclass(slots=True)
class Copied:
    """What a copy did so far.

    Attributes:
        edited: files whose bytes are not those of their origin.
        elves: ELF files.
        links: links to files that were copied too.
    """

    edited: list[Path] = field(default_factory=list)
    elves: list[Path] = field(default_factory=list)
    links: list[Path] = field(default_factory=list)


def copy_library(origin: str, target: Path, edit: Edit, copied: Copied) -> None:
    """Copy a standard library without tests, foreign modules and installed packages.

    Bytecode of edited modules is left out, because Python compares it with its source's size and time.
    """
    before = len(copied.edited)
    for relative in _walk(origin, "", lambda _, name: name not in _LEFT_OUT_FOLDERS):
        if not _LEFT_OUT_FILES.fullmatch(os.path.basename(relative)):
            _copy_entry(origin, relative, target, edit, copied)
    edited = copied.edited[before:]
    # A module may have a second name (Debian's _sysconfigdata), with bytecode of its own.
    named = [path for path in copied.links if path.parent / os.readlink(path) in edited]
    for module in (*edited, *named):
        if module.suffix == ".py":
            _drop_bytecode(module)


def _drop_bytecode(module: Path) -> None:
    stale = [*(module.parent / "__pycache__").glob(f"{module.stem}.*.pyc"), module.with_suffix(".pyc")]
    for path in stale:
        path.unlink(missing_ok=True)


def copy_headers(origin: str, target: Path, edit: Edit, copied: Copied) -> None:
    """Copy the interpreter's C headers, and none that other distributions put beside them."""
    for relative in _walk(origin, "", lambda parent, name: bool(parent) or name in _HEADER_FOLDERS):
        _copy_entry(origin, relative, target, edit, copied)


def copy_file(
    origin: str, target: Path, copied: Copied, edit: Callable[[bytes], bytes] | None = None
) -> None:
    """Copy one file with its mode and time; text, which has no NUL byte, goes through ``edit``."""
    with open(origin, "rb") as file:
        data = file.read()
        status = os.fstat(file.fileno())
    made = edit(data) if edit is not None and b"\0" not in data else data
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    target.write_bytes(made)
    target.chmod(0o644 | (status.st_mode & 0o111))
    os.utime(target, ns=(status.st_mtime_ns, status.st_mtime_ns))
    if made != data:
        copied.edited.append(target)
    if data.startswith(b"\x7fELF"):
        copied.elves.append(target)


def link(target: Path, text: str) -> None:
    """Make ``target`` a link to ``text``, in place of whatever it was."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    target.symlink_to(text)


def _walk(top: str, relative: str, enter: Callable[[str, str], bool]) -> Iterator[str]:
    """Yield relative paths of files and links in a stable order; ``enter`` gets parent and folder name."""
    with os.scandir(os.path.join(top, relative)) as entries:
        ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        path = os.path.join(relative, entry.name)
        if not entry.is_dir():
            yield path
        elif enter(relative, entry.name) and not (entry.is_symlink() and _inside(entry.path, top)):
            yield from _walk(top, path, enter)


def _copy_entry(top: str, relative: str, target: Path, edit: Edit, copied: Copied) -> None:
    """Copy a file; a link stays one where it leads to a copied file, and vanishes where it dangles."""
    origin = os.path.join(top, relative)
    if os.path.islink(origin):
        text = os.readlink(origin)
        if not os.path.isfile(origin):
            return
        if not os.path.isabs(text) and _inside(origin, top):
            link(target / relative, text)
            copied.links.append(target / relative)
            return
    copy_file(origin, target / relative, copied, lambda data: edit(relative, data))


def _inside(path: str, top: str) -> bool:
    return os.path.realpath(path).startswith(os.path.realpath(top) + os.sep)
