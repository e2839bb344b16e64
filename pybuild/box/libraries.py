"""Real libraries in a box: gathered in one root, found by each other wherever the box lies."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from pybuild.box.records import Libraries
from pybuild.errors import PybuildError
from pybuild.runpath import prepend_runpath, rename_library


def gather(libraries: Libraries, root: str, *, search: tuple[str, ...] = ()) -> None:
    """Copy libraries to ``root/lib`` and headers to ``root/include``; each library looks beside itself first.

    Args:
        search: further folders where the libraries find what they need.

    Raises:
        PybuildError: a folder does not exist.
        BuildError: patchelf is missing or refuses a file.
    """
    for folder in (libraries.include, *libraries.folders):
        if not os.path.isdir(folder):
            raise PybuildError(f"{folder}: does not exist; expected a folder with libraries for the box")
    shutil.copytree(libraries.include, os.path.join(root, "include"), dirs_exist_ok=True)
    inside = Path(root, "lib")
    inside.mkdir(parents=True, exist_ok=True)
    for folder in libraries.folders:
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            _take(Path(entry.path), inside)
    for file in shared_files(inside):
        for place in (*reversed(search), "$ORIGIN"):
            prepend_runpath(file, place)
    for program in libraries.programs:
        os.makedirs(os.path.join(root, "bin"), exist_ok=True)
        copy = Path(shutil.copy2(program, os.path.join(root, "bin")))
        prepend_runpath(copy, "$ORIGIN/../lib")


def shared_files(folder: Path) -> Iterator[Path]:
    """Yield the shared libraries of a folder that are files of their own, not links."""
    for path in sorted(folder.glob("lib*.so*")):
        if path.is_file() and not path.is_symlink():
            yield path


def match_soname(root: str, stem: str, wanted: str) -> str:
    """Make the library ``stem`` of a root answer the stems that a site expects; return what to link.

    A distribution calls MPICH's library libmpich, Cray libmpi_gnu_123: a check of the site's own looks for
    that name. So the copy in the box gets such a name, and its companions are told.

    Args:
        stem: ``libmpich``.
        wanted: stems as in a site's ``soname``, ``|`` between them.
    """
    stems = [one.partition(".so")[0] for one in wanted.split("|") if one]
    folder = Path(root, "lib")
    versioned = sorted(path.name for path in folder.glob(f"{stem}.so.*[0-9]") if path.name.count(".") == 2)
    if not versioned or not stems or any(_answers(stem, one) for one in stems):
        return f"-l{stem.removeprefix('lib')}"
    old = versioned[0]
    new = old.replace(stem, stems[0], 1)
    file = (folder / old).resolve()
    rename_library(tuple(shared_files(folder)), file, old=old, new=new)
    for link in (new, f"{stems[0]}.so"):
        if not (folder / link).exists():
            (folder / link).symlink_to(file.name)
    archive = folder / f"{stem}.a"
    if archive.exists():
        (folder / f"{stems[0]}.a").symlink_to(archive.name)
    return f"-l{stems[0].removeprefix('lib')}"


def _answers(stem: str, wanted: str) -> bool:
    """Return whether a library counts as one of the wanted stem, as the check of links counts it."""
    return stem == wanted or stem.startswith((f"{wanted}_", f"{wanted}-"))


def _take(path: Path, folder: Path) -> None:
    """Copy a library; a link becomes a link beside its target, which is copied when its turn comes."""
    if path.is_dir():
        # UCX loads its transports from a folder beside itself.
        if path.name == "ucx":
            shutil.copytree(path, folder / path.name, symlinks=True, dirs_exist_ok=True)
        return
    if not (path.name.startswith("lib") and (".so" in path.name or path.name.endswith(".a"))):
        return
    if path.exists() and not (folder / path.name).exists():
        target = path.resolve()
        if target.name != path.name:
            if not (folder / target.name).exists():
                shutil.copy2(target, folder / target.name)
            (folder / path.name).symlink_to(target.name)
        else:
            shutil.copy2(path, folder / path.name)
