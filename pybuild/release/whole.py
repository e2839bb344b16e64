"""Whether a release is all there: what rollback asks before it puts one in service, in a moment."""

from __future__ import annotations

import os
from pathlib import Path

from pybuild.prefix.notes import is_installed, read_note
from pybuild.process import capture
from pybuild.release import layout
from pybuild.release.store import read_release


def broken(root: Path, name: str) -> str | None:
    """Return what is wrong with a release, None where it is whole.

    Its record, the packages that the record names, and a Python that runs are looked at, not every file:
    ``audit.changed_since`` does that.
    """
    prefix = layout.release(root, name)
    if not prefix.is_dir():
        return f"{prefix} is gone"
    release = read_release(prefix)
    if release is None:
        return f"{layout.record(prefix)} is gone or cannot be read"
    if release.path != str(prefix):
        return f"{prefix} was made at {release.path} and works only there"
    for package, _ in release.levels:
        note = read_note(prefix, package)
        if note is None or not is_installed(prefix, note):
            return f"{prefix} has lost its package {package}"
    python = str(prefix / "bin/python")
    answer = capture((python, "-I", "-B", "-c", "import encodings, os"), env={"PATH": os.defpath}, cwd="/")
    if answer.code != 0:
        last = answer.err.strip().splitlines()[-1:] or [f"exit code {answer.code}"]
        return f"{python} does not run: {last[0]}"
    return None
