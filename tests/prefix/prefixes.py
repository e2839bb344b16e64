"""Tiny prefixes and packages, and a child process for what conda's engine does."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

from pybuild.build.conda_package import Metadata, pack
from pybuild.prefix.notes import Note, write_note

PLACEHOLDER = "/placeholder" * 18


def make_prefix(path: Path, *records: str, python: str | None = "3.11.7") -> Path:
    """Make a folder that conda takes for a prefix, with an empty record for each ``name-version-build``."""
    (path / "conda-meta").mkdir(parents=True)
    (path / "conda-meta" / "history").write_text("")
    for stem in (*records, *((f"python-{python}-h0_0",) if python else ())):
        add_record(path, stem)
    return path


def add_record(prefix: Path, stem: str, files: tuple[str, ...] = ()) -> Path:
    """Write a conda record that owns ``files``."""
    name, version, build = stem.rsplit("-", 2)
    record = prefix / "conda-meta" / f"{stem}.json"
    record.write_text(
        json.dumps(
            {
                "name": name, "version": version, "build": build, "build_number": 0, "files": list(files),
                "subdir": "linux-64", "fn": f"{stem}.conda", "url": f"file:///c/linux-64/{stem}.conda",
                "channel": "file:///c", "depends": [],
                "paths_data": {
                    "paths_version": 1, "paths": [{"_path": f, "path_type": "hardlink"} for f in files]
                },
            }
        )
    )  # fmt: skip
    return record


def note(
    name: str = "thing", version: str = "1.0", build: str = "py311_here_habc_0", **changes: object
) -> Note:
    """Return what is noted about a package of ours."""
    return {
        "name": name, "version": version, "build": build, "key": "abc", "site": "here", "options": [],
        "identity": [], "requested": True, "level": "built", "highest": "ranked", "demanded": "built",
        "proofs": [], **changes,
    }  # fmt: skip


def noted(prefix: Path, **changes: object) -> Note:
    """Put a package of ours into a prefix: its note and its record."""
    made = note(**changes)  # type: ignore[arg-type]
    (prefix / "conda-meta" / "pybuild").mkdir(exist_ok=True)
    write_note(prefix, made)
    add_record(prefix, f"{made['name']}-{made['version']}-{made['build']}")
    return made


def package(folder: Path, stem: str, files: dict[str, str]) -> Path:
    """Pack a ``.conda`` file that holds ``files``."""
    name, version, build = stem.rsplit("-", 2)
    staging = folder / f"staging-{stem}"
    for path, text in files.items():
        (staging / path).parent.mkdir(parents=True, exist_ok=True)
        (staging / path).write_text(text)
    target = folder / "channel" / "linux-64"
    target.mkdir(parents=True, exist_ok=True)
    metadata = Metadata(
        name=name, version=version, build=build, subdir="linux-64", depends=(), summary="", homepage="",
        license="MIT", timestamp=1,
    )  # fmt: skip
    return pack(staging, metadata, placeholder=PLACEHOLDER, target=target)


def sha256(file: Path) -> str:
    """Return the hash of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def in_child(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run code that uses conda's engine in a process of its own, which ends without a shutdown.

    See ``pybuild.conda`` for why the engine must not be used in the process that runs the tests.
    """
    text = (
        "import os, sys, traceback\n"
        "from pathlib import Path\n"
        "try:\n" + textwrap.indent(textwrap.dedent(code), "    ") + "\n"
        "    code = 0\n"
        "except BaseException:\n"
        "    traceback.print_exc()\n"
        "    code = 1\n"
        "sys.stdout.flush(); sys.stderr.flush(); os._exit(code)\n"
    )
    return subprocess.run(
        [sys.executable, "-c", text, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
