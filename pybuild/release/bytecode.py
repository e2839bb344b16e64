"""Every module compiled before a release is put in service: compute nodes mount it read-only.

The cached files are *unchecked hashes* (PEP 552) where a release is read-only: Python then takes them without
comparing times. Times are what breaks: after a copy to a node's own disk or into an image, or from a backup,
every process would compile everything again, and could not keep the result. Where a policy lets people write
to releases, cached files carry times as usual, so that an edit is seen. Python before 3.7 knows only times.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from pybuild.errors import PrefixError
from pybuild.process import capture

_PROGRAM = Path(__file__).with_name("compile_all.py")


def compile_modules(
    prefix: Path, environment: Mapping[str, str], *, fixed: bool, jobs: int = 1
) -> tuple[str, ...]:
    """Compile every module below the prefix's ``lib/pythonX.Y`` with its own Python.

    Returns the files that are no Python of this version, as test data and templates of packages are.

    Args:
        fixed: nobody will change the modules.
        jobs: how many processes may be used.

    Raises:
        PrefixError: the Python does not run, or a cached file could not be written.
    """
    folders = sorted(str(path) for path in prefix.glob("lib/python[23].*") if not path.is_symlink())
    argv = (
        str(prefix / "bin/python"),
        "-E",
        "-s",
        "-S",
        "-B",
        str(_PROGRAM),
        str(int(fixed)),
        str(jobs),
        str(os.getpid()),
        *folders,
    )
    answer = capture(argv, env=environment, cwd="/", timeout=None)
    try:
        told = json.loads(answer.out.splitlines()[-1])
    except (ValueError, IndexError):
        last = (answer.err or answer.out).strip().splitlines()[-1:] or [f"exit code {answer.code}"]
        raise PrefixError(
            f"{prefix}: its Python cannot compile its modules: {last[0]}",
            hint="make room there, then run the same command again" if "No space" in answer.err else None,
        ) from None
    if told["failed"]:
        path, reason = told["failed"][0]
        full = "No space" in reason or "quota" in reason.lower()
        raise PrefixError(
            f"{path}: its compiled form cannot be written: {reason.lower()}",
            hint="make room there, then run the same command again"
            if full
            else f"ls -ld {os.path.dirname(path)}",
        )
    return tuple(told["refused"])
