"""What may not be in a package: paths of its stage, and files that another package has."""

from __future__ import annotations

import fnmatch
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pybuild.build.stage import Stage
from pybuild.errors import BuildError
from pybuild.runpath import loaded_segments

_ELF = b"\x7fELF"
_SOURCE = re.compile(r"\.(?:[cfh]|cc|cpp|cu|cxx|hh|hpp|hxx|inc|ipp|f90|pxd|pxi|pyx)$", re.IGNORECASE)


def demand_no_stage(stage: Stage, files: Iterable[str], allowed: tuple[str, ...]) -> None:
    """Check that no file names a folder of the stage, the host prefix aside: that one conda replaces.

    Debugging information is passed over, and so are names of source files in compiled code, which ``assert``
    leaves there: nothing looks for them when the package runs.

    Args:
        files: relative to the staging folder.
        allowed: patterns of files that may.

    Raises:
        BuildError: a file does; the sentence names it and the path.
    """
    root, host = os.fsencode(stage.root) + b"/", os.fsencode(stage.host)
    for file in files:
        path = stage.staging / file
        if path.is_symlink() or any(fnmatch.fnmatch(file, pattern) for pattern in allowed):
            continue
        data = path.read_bytes()
        if not any(True for _ in _mentions(data, root, host)):
            continue
        for part in _seen(path, data):
            for found in _mentions(part, root, host):
                if data.startswith(_ELF) and _SOURCE.search(found):
                    continue
                raise BuildError(
                    f"{file}: names {found}, a folder of the build that is gone when the package runs; "
                    "keep it out of the file, or list the file in build.stage_paths if nothing reads it there"
                )


def demand_own_files(name: str, files: Iterable[str], prefixes: Iterable[Path]) -> None:
    """Check that no file of a package belongs to another one.

    Args:
        files: relative to the prefix.
        prefixes: where other packages stand: the host prefix and the target.

    Raises:
        BuildError: a file does; the sentence names it and its owner.
    """
    own = list(files)
    for prefix in prefixes:
        taken = {file for file in own if os.path.lexists(prefix / file)}
        for owner, theirs in _owners(prefix, name) if taken else ():
            both = sorted(taken & theirs)
            if both:
                more = f" and {len(both) - 1} more" if len(both) > 1 else ""
                raise BuildError(f"it ships {both[0]}{more}, which belongs to the package {owner}")


def _mentions(data: bytes, root: bytes, host: bytes) -> Iterator[str]:
    start = data.find(root)
    while start >= 0:
        if not data.startswith(host, start):
            end = start + len(root)
            while end < len(data) and data[end] > 32 and data[end] not in b"\"':;,<>()\x7f":
                end += 1
            yield data[start:end].decode("utf-8", "replace")
        start = data.find(root, start + 1)


def _seen(path: Path, data: bytes) -> tuple[bytes, ...]:
    """Return what a program sees of a file: the loaded segments of an ELF file, everything of any other."""
    return loaded_segments(path) if data.startswith(_ELF) else (data,)


def _owners(prefix: Path, name: str) -> Iterator[tuple[str, set[str]]]:
    """Yield every other package of a prefix with its files."""
    for record in sorted((prefix / "conda-meta").glob("*.json")):
        try:
            data = json.loads(record.read_text())
        except (OSError, ValueError):
            continue
        if isinstance(data, dict) and data.get("name") not in (None, name):
            yield str(data["name"]), set(data.get("files", ()))
