"""Pack a staging prefix into a ``.conda`` file, as conda's own tools lay it out.

py-rattler-build's ``assemble_package`` looks for the prefix only below a temporary folder of its own
(read in its source, 0.73), so it can never record a placeholder; the archive is therefore written by
conda-package-streaming and the metadata by this file.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMPRESSION_LEVEL = 3
"""zstd's default: on mpi4py's 5 MB a higher level saves little and costs seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What goes into ``info/index.json`` and ``info/about.json``."""

    name: str
    version: str
    build: str
    subdir: str
    depends: tuple[str, ...]
    summary: str
    homepage: str
    license: str
    timestamp: int

    @property
    def stem(self) -> str:
        """The file name without its ending."""
        return f"{self.name}-{self.version}-{self.build}"


def pack(staging: Path, metadata: Metadata, *, placeholder: str, target: Path) -> Path:
    """Write ``<target>/<stem>.conda`` from everything below ``staging`` and return its path.

    Args:
        placeholder: the prefix that the files were built for; wherever it stands in a file,
            conda puts the real prefix on installation.
        target: an existing folder.

    Raises:
        OSError: a file cannot be read or written.
    """
    from conda_package_streaming.create import anonymize, conda_builder

    _relink(staging, (str(staging), placeholder))
    entries = [_entry(staging, path, placeholder) for path in _files(staging)]
    info = _info(metadata, entries)
    with conda_builder(
        metadata.stem, str(target), compression_level=COMPRESSION_LEVEL, compression_threads=0
    ) as archive:
        for name, text in info.items():
            _add_text(archive, name, text)
        for entry in entries:
            name = str(entry["_path"])
            archive.add(str(staging / name), name, recursive=False, filter=anonymize)
    return target / f"{metadata.stem}.conda"


def _files(staging: Path) -> Iterator[str]:
    """Yield every file and link below ``staging``, relative and sorted."""
    for folder, folders, files in os.walk(staging):
        folders.sort()
        here = os.path.relpath(folder, staging)
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in sorted([*files, *links]):
            yield os.path.normpath(os.path.join(here, name))


def _relink(staging: Path, roots: tuple[str, ...]) -> None:
    """Make links that name the staging folder or the prefix by their full path relative.

    ``make install`` likes to write them, and conda replaces no placeholder in a link.
    """
    for name in _files(staging):
        path = staging / name
        target = os.readlink(path) if path.is_symlink() else ""
        for root in roots:
            if target.startswith(f"{root}/"):
                inside = os.path.relpath(staging / target[len(root) + 1 :], path.parent)
                path.unlink()
                path.symlink_to(inside)


def _entry(staging: Path, name: str, placeholder: str) -> dict[str, object]:
    path = staging / name
    if path.is_symlink():
        target = path.resolve()
        data = target.read_bytes() if target.is_file() else b""
        return {"_path": name, "path_type": "softlink", "sha256": _sha256(data), "size_in_bytes": len(data)}
    data = path.read_bytes()
    entry: dict[str, object] = {
        "_path": name,
        "path_type": "hardlink",
        "sha256": _sha256(data),
        "size_in_bytes": len(data),
    }
    if placeholder.encode() in data and not name.endswith((".pyc", ".pyo")):
        entry["prefix_placeholder"] = placeholder
        entry["file_mode"] = "binary" if b"\0" in data else "text"
    return entry


def _info(metadata: Metadata, entries: list[dict[str, object]]) -> dict[str, str]:
    index = {
        "name": metadata.name,
        "version": metadata.version,
        "build": metadata.build,
        "build_number": int(metadata.build.rsplit("_", 1)[-1]),
        "subdir": metadata.subdir,
        "arch": {"linux-64": "x86_64", "linux-aarch64": "aarch64"}.get(metadata.subdir),
        "platform": "linux",
        "depends": list(metadata.depends),
        "constrains": [],
        "license": metadata.license,
        "timestamp": metadata.timestamp,
    }
    about = {"summary": metadata.summary, "home": metadata.homepage, "license": metadata.license}
    return {
        "info/index.json": _json(index),
        "info/about.json": _json(about),
        "info/paths.json": _json({"paths": entries, "paths_version": 1}),
        "info/files": "".join(f"{entry['_path']}\n" for entry in entries),
    }


def _add_text(archive: Any, name: str, text: str) -> None:
    data = text.encode()
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))


def _json(value: object) -> str:
    return json.dumps(value, indent=2, sort_keys=True) + "\n"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
