"""The log of a build, the lines of it that matter, and a script that reopens where it failed."""

from __future__ import annotations

import os
import re
import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from pybuild.build.stage import Stage
from pybuild.model.plan import PackagePlan

_TELLING = re.compile(
    r"\berror:|\bERROR:|\bfatal\b|Error: |\bundefined reference\b|\bcannot find\b|No such file|\bnot found\b"
)


def open_log(folder: Path, package: PackagePlan) -> IO[bytes]:
    """Open a fresh log for one build, named after the package and the time.

    Raises:
        OSError: it cannot be made there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    when = time.strftime("%Y%m%dT%H%M%S")
    path = folder / f"{package.name}-{package.version}-{package.build_string}-{when}-{os.getpid()}.log"
    log = path.open("wb", buffering=0)
    log.write(f"# {package.name} {package.version} {package.build_string}\n".encode())
    return log


def relevant_lines(log: Path, most: int = 12) -> tuple[str, ...]:
    """Return the lines around the first telling one, or the last lines where none tells."""
    lines = log.read_text("utf-8", "replace").splitlines()
    for number, line in enumerate(lines):
        if not line.startswith("#") and _TELLING.search(line):
            return tuple(lines[max(0, number - 2) : number - 2 + most])
    return tuple(lines[-most:])


def write_reopen_script(stage: Stage, environment: Mapping[str, str]) -> Path:
    """Write a script that opens a shell in the build's folder and environment; return its path."""
    path = stage.root / "reopen.sh"
    where = stage.source if stage.source.is_dir() else stage.root
    exports = "".join(f"  {name}={shlex.quote(value)} \\\n" for name, value in sorted(environment.items()))
    path.write_text(
        "#!/bin/bash\n"
        "# Opens a shell where the build stopped; the failing command is the last one in the log.\n"
        f"cd {shlex.quote(str(where))} || exit\n"
        f'exec env -i TERM="${{TERM:-dumb}}" \\\n{exports}  bash --norc --noprofile\n'
    )
    path.chmod(0o755)
    return path
