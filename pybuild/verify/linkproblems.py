"""What can be wrong with any ELF file of a package, whatever it is for."""

from __future__ import annotations

import os
from collections.abc import Iterator

from pybuild.verify.resolve import Closure, Loader
from pybuild.verify.search import expand


def find_problems(
    closures: tuple[Closure, ...],
    loader: Loader,
    *,
    forbidden: tuple[str, ...],
    refused: tuple[tuple[str, str], ...],
    absent: tuple[str, ...],
) -> list[str]:
    """Return one sentence for each thing that is wrong: missing, refused, too old, into a stage, no program.

    Args:
        forbidden, refused, absent: as in ``LinkRules``.
    """
    return [
        *_missing(closures, loader, absent),
        *_refused(closures, loader, refused),
        *_versions(closures, loader),
        *_runpaths(closures, loader, forbidden),
        *_programs(closures, loader),
    ]


def _missing(closures: tuple[Closure, ...], loader: Loader, absent: tuple[str, ...]) -> Iterator[str]:
    needers: dict[str, list[str]] = {}
    for closure in _opened_first(closures, loader):
        for item in closure.found:
            if item.path is None and item.name not in absent:
                needers.setdefault(item.name, []).append(loader.tree.shown(item.needer))
    for name, users in needers.items():
        yield f"{_with_others(users)}: needs {name}, which is found nowhere; expected it to resolve to a file"


def _opened_first(closures: tuple[Closure, ...], loader: Loader) -> tuple[Closure, ...]:
    """Leave out the libraries that another file of the package brings in.

    What these need is found from there, and in that closure it is looked at: a DT_RPATH is inherited, so the
    libraries that an old wheel carries have none. Libraries that only bring in each other all stay.
    """
    brought = {item.real for closure in closures for item in closure.found}
    first = [closure for closure in closures if loader.tree.real(closure.path) not in brought]
    served = {item.real for closure in first for item in closure.found}
    return tuple(closure for closure in closures if loader.tree.real(closure.path) not in served)


def _refused(
    closures: tuple[Closure, ...], loader: Loader, refused: tuple[tuple[str, str], ...]
) -> Iterator[str]:
    needers: dict[tuple[str, str], list[str]] = {}
    for closure in closures:
        for item in closure.found:
            for stem, why in refused:
                if item.name.startswith(stem):
                    needers.setdefault((item.name, why), []).append(loader.tree.shown(item.needer))
    for (name, why), users in needers.items():
        yield f"{_with_others(users)}: needs {name}, which must not be linked: {why}"


def _versions(closures: tuple[Closure, ...], loader: Loader) -> Iterator[str]:
    needers: dict[tuple[str, str], list[str]] = {}
    for closure in closures:
        for item in closure.versions:
            needers.setdefault((item.version, item.library), []).append(loader.tree.shown(item.needer))
    for (version, library), users in needers.items():
        where = loader.tree.shown(library)
        yield f"{_with_others(users)}: needs {version}, which {where} does not have; expected a newer library"


def _runpaths(closures: tuple[Closure, ...], loader: Loader, forbidden: tuple[str, ...]) -> Iterator[str]:
    tops = [
        spelling for folder in forbidden for spelling in (os.path.normpath(folder), os.path.realpath(folder))
    ]
    for closure in closures:
        for kind, entries in (("RUNPATH", closure.facts.runpath), ("RPATH", closure.facts.rpath)):
            for entry in entries:
                folder = os.path.normpath(expand(entry, closure.path, loader.system))
                if any((folder + "/").startswith(top + "/") for top in tops):
                    path = loader.tree.shown(closure.path)
                    found = f"its {kind} points into the build's own folders ({entry})"
                    yield f"{path}: {found}, which will be gone; expected only folders that stay"


def _programs(closures: tuple[Closure, ...], loader: Loader) -> Iterator[str]:
    """What a wrapper makes of a program when it is told ``-shared``: nobody can start it."""
    for closure in closures:
        path = loader.tree.shown(closure.path)
        if path.startswith("bin/") and ".so" not in path and closure.facts.kind == "shared":
            yield f"{path}: is a shared library, expected a program; link it without -shared"


def _with_others(users: list[str]) -> str:
    different = list(dict.fromkeys(users))
    if len(different) == 1:
        return different[0]
    return f"{different[0]} (and {len(different) - 1} more)"
