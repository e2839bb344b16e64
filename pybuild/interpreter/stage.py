"""A Python of the machine becomes the content of a conda package."""

from __future__ import annotations

import glob
import os
from functools import partial
from pathlib import Path

from pybuild.errors import PrefixError
from pybuild.interpreter.check import check_staged
from pybuild.interpreter.debian import plain_first_line, undo_debian, undo_frozen
from pybuild.interpreter.home import Home, read_home
from pybuild.interpreter.libraries import stage_libraries
from pybuild.interpreter.text import Rewrite, home_rewrite, rewrite_assignments, rewrite_sysconfig
from pybuild.interpreter.tree import Copied, copy_file, copy_headers, copy_library, link


def stage_interpreter(interpreter: str, staging: Path, placeholder: str) -> None:
    """Copy an interpreter into an empty or missing directory, laid out as conda lays out Python.

    Args:
        interpreter: path of a base interpreter, as ``pybuild.interpreter.find`` finds it.
        staging: afterwards the copy runs from here and sees nothing of the original.
        placeholder: text that stands for the prefix wherever a file must name it.

    Raises PrefixError where the original lacks a part or the copy turns out not to be independent,
    BuildError where its RUNPATHs cannot be changed.
    """
    staging = Path(os.path.realpath(staging))
    if staging.exists() and any(staging.iterdir()):
        raise PrefixError(f"{staging}: cannot stage an interpreter here: the directory is not empty")
    home = read_home(interpreter)
    rewrite = home_rewrite(home, placeholder)
    copied = Copied()
    try:
        _stage_library(home, staging, rewrite, placeholder, copied)
        _stage_headers(home, staging, rewrite, copied)
        _stage_programs(home, staging, rewrite, placeholder, copied)
        _stage_pkgconfig(home, staging, rewrite, placeholder, copied)
        stage_libraries(home, staging, copied)
        for file in copied.elves if home.shared else ():
            undo_frozen(file)
    except OSError as error:
        where = error.filename or staging  # a write that finds the disk full names no file
        reason = (error.strerror or str(error)).lower()
        hint = "make room there, or allow writing, and run the same again"
        raise PrefixError(f"{home.executable}: cannot be copied: {where}: {reason}", hint=hint) from error
    check_staged(home, staging, placeholder, copied.edited)


def _stage_library(home: Home, staging: Path, rewrite: Rewrite, placeholder: str, copied: Copied) -> None:
    library = staging / home.library
    copy_library(home.stdlib, library, partial(_edit_library, home, rewrite, placeholder), copied)
    inside = os.path.realpath(home.stdlib) + os.sep
    for place in home.dynload:
        if os.path.isdir(place) and not os.path.realpath(place).startswith(inside):
            copy_library(place, library / "lib-dynload", lambda _, data: rewrite(data), copied)
    (library / "site-packages").mkdir(parents=True, exist_ok=True)
    if (library / "ensurepip").is_dir() and os.path.isdir(home.wheels):
        _stage_wheels(home, library / "ensurepip" / "_bundled", copied)
    # Red Hat and SUSE compile lib64 into the binary (sys.platlibdir); conda has lib alone.
    folder = os.path.basename(os.path.dirname(home.stdlib))
    if folder != "lib":
        link(staging / folder, "lib")


def _edit_library(home: Home, rewrite: Rewrite, placeholder: str, relative: str, data: bytes) -> bytes:
    """Return what a text file of the standard library becomes."""
    name = os.path.basename(relative)
    if home.shared and name.startswith("_sysconfigdata") and name.endswith(".py"):
        data = rewrite_sysconfig(data, home, placeholder)
    elif home.shared and name == "Makefile":
        data = rewrite_assignments(data, home, placeholder)
    elif home.shared and name.endswith(".py"):
        data = plain_first_line(undo_debian(relative, data), home.executable)
    return rewrite(data)


def _stage_wheels(home: Home, target: Path, copied: Copied) -> None:
    """Bring along the wheels that ensurepip would take from the system (WHEEL_PKG_DIR)."""
    for path in sorted(glob.glob(os.path.join(glob.escape(home.wheels), "*.whl"))):
        name = os.path.basename(path)
        if name.partition("-")[0] in ("pip", "setuptools"):
            copy_file(path, target / name, copied)


def _stage_headers(home: Home, staging: Path, rewrite: Rewrite, copied: Copied) -> None:
    if not os.path.isfile(f"{home.include}/Python.h"):
        raise PrefixError(f"{home.executable}: has no C headers: {home.include}/Python.h is missing")
    # Debian's own pyconfig.h only includes the one of the architecture, which is copied over it.
    for place in filter(None, (home.include, home.multiarch_include)):
        copy_headers(place, staging / home.headers, lambda _, data: rewrite(data), copied)


def _stage_programs(home: Home, staging: Path, rewrite: Rewrite, placeholder: str, copied: Copied) -> None:
    name, major = f"python{home.short}", home.short[0]
    binaries = staging / "bin"
    copy_file(home.executable, binaries / name, copied)
    (binaries / name).chmod(0o755)
    link(binaries / f"python{major}", name)
    link(binaries / "python", name)
    config = os.path.join(os.path.dirname(home.executable), f"{name}-config")

    def edit(data: bytes) -> bytes:
        return rewrite(rewrite_assignments(data, home, placeholder) if home.shared else data)

    if os.path.isfile(config):
        copy_file(config, binaries / f"{name}-config", copied, edit)
        link(binaries / f"python{major}-config", f"{name}-config")


def _stage_pkgconfig(home: Home, staging: Path, rewrite: Rewrite, placeholder: str, copied: Copied) -> None:
    def edit(data: bytes) -> bytes:
        return rewrite(rewrite_assignments(data, home, placeholder) if home.shared else data)

    for place in home.libraries:
        found = glob.glob(os.path.join(glob.escape(place), "pkgconfig", f"python-{home.short}*.pc"))
        for path in sorted(found):
            copy_file(path, staging / "lib" / "pkgconfig" / os.path.basename(path), copied, edit)
        if found:
            return
