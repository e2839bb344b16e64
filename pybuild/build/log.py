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

_BASH = ("BASH_ENV", "HISTFILE", "OLDPWD", "PS1", "PS2", "PWD", "SHLVL", "TERM")
"""Variables that a bash sets, drops or needs for itself."""


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
    # What pybuild itself wrote, such as the environment, says nothing of what went wrong.
    return tuple([line for line in lines if not line.startswith("# ")][-most:])


def write_reopen_script(stage: Stage, environment: Mapping[str, str], cwd: str | None = None) -> Path:
    """Write a script that opens a shell in the build's folder and environment; return its path.

    Words behind the script's name are run there instead.

    Args:
        cwd: the folder; None for the source, or for the stage where nothing was unpacked.

    Raises:
        OSError: it cannot be written.
    """
    path, settle = stage.root / "reopen.sh", stage.root / "reopen.rc"
    where = cwd or str(stage.source if stage.source.is_dir() else stage.root)
    exports = "".join(
        f"  {shlex.quote(f'{name}={value}')} \\\n"
        for name, value in sorted(environment.items())
        if name not in _BASH
    )
    settle.write_text(_settling(environment, stage.root.name))
    path.write_text(
        "#!/bin/bash\n"
        "# Opens a shell where the build stopped, or runs the words that follow; the failing command is\n"
        "# the last one in the log.\n"
        f"cd {shlex.quote(where)} || exit\n"
        f'exec env -i TERM="${{TERM:-dumb}}" BASH_ENV={shlex.quote(str(settle))} \\\n{exports}'
        # Bash lowers SHLVL for the last command of -c, which it becomes; so something must follow.
        f"  bash --noprofile --rcfile {shlex.quote(str(settle))} ${{1+-c \"$*\"$'\\nexit'}}\n"
    )
    path.chmod(0o755)
    return path


def _settling(environment: Mapping[str, str], name: str) -> str:
    """Return what bash reads first, so that what it runs gets the build's environment and nothing of its own.

    Bash exports some variables of itself, and a terminal needs TERM: they stay known to the shell alone.
    """
    lines = [
        f"export {one}={shlex.quote(environment[one])}" if one in environment else f"export -n {one}"
        for one in _BASH
    ]
    lines += [] if "HISTFILE" in environment else ["unset HISTFILE"]  # nothing is written into the stage
    lines += [] if "PS1" in environment else [f"PS1={shlex.quote(f'({name}) ')}'\\W\\$ '"]
    return "".join(f"{line}\n" for line in lines)
