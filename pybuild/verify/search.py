"""Where the dynamic loader looks for a library, in order: ld.so(8), and glibc's elf/dl-load.c for details."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pybuild.verify.elf import ElfFacts
from pybuild.verify.system import SystemLibraries

_TOKEN = re.compile(r"\$(?:(ORIGIN|LIB|PLATFORM)(?![A-Za-z0-9_])|\{(ORIGIN|LIB|PLATFORM)\})")


@dataclass(slots=True, kw_only=True, eq=False)
class Loaded:
    """A file as the loader holds it in one process.

    Attributes:
        path: the path that it was opened by, which is what ``$ORIGIN`` goes by.
        real: that path with links followed.
        parent: the file that asked for it first; its DT_RPATH counts here too.
        needs: what each of its NEEDED names became, None where it was not found.
    """

    path: str
    real: str
    facts: ElfFacts
    parent: Loaded | None
    names: set[str] = field(default_factory=set)
    needs: dict[str, Loaded | None] = field(default_factory=dict)


def expand(entry: str, path: str, system: SystemLibraries) -> str:
    """Return a RUNPATH entry or a NEEDED path with its tokens filled in.

    Args:
        path: the final path of the file that holds the entry.
    """
    values = {"ORIGIN": os.path.dirname(path), "LIB": system.lib, "PLATFORM": os.uname().machine}
    return _TOKEN.sub(lambda match: values[match[1] or match[2]], entry)


def candidates(
    name: str,
    asker: Loaded,
    *,
    library_path: tuple[str, ...],
    system: SystemLibraries,
) -> Iterator[str]:
    """Yield the final paths at which the loader looks for a NEEDED name, in its order.

    Args:
        asker: the file that needs it.

    Relative entries mean the working directory of the run, which nobody knows here: they find nothing.
    """
    if "/" in name:
        yield expand(name, asker.path, system)
        return
    for folder in _folders(asker, library_path, system):
        if folder.startswith("/"):
            yield os.path.join(folder, name)
    yield from system.cache.get(name, ())
    for folder in system.directories:
        yield os.path.join(folder, name)


def _folders(asker: Loaded, library_path: tuple[str, ...], system: SystemLibraries) -> Iterator[str]:
    if not asker.facts.runpath:
        yield from _inherited(asker, system)
    yield from library_path
    for entry in asker.facts.runpath:
        yield expand(entry, asker.path, system)


def _inherited(asker: Loaded, system: SystemLibraries) -> Iterator[str]:
    """Yield DT_RPATH of the asker, of those that brought it in, the program last.

    A file's RUNPATH silences its own DT_RPATH.
    """
    link: Loaded | None = asker
    while link is not None:
        if not link.facts.runpath:
            for entry in link.facts.rpath:
                yield expand(entry, link.path, system)
        link = link.parent
