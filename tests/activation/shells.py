"""Scripts of a prefix in real shells: written, sourced, and the environment at each moment."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from pybuild.plan.prefix_scripts import prefix_scripts
from pybuild.plan.running import Running, merged
from pybuild.process import Captured, capture
from tests.activation.parts import CLEAN, COMMANDS, Machine, edits, installed, package, steps

SHELLS = ("bash", "zsh", "sh", "tcsh", "fish")
EXTENSION = {"tcsh": "csh", "csh": "csh", "fish": "fish"}
HOUSEKEEPING = ("_", "SHLVL", "PWD", "OLDPWD")
OURS = re.compile(r"__PYBUILD_.*")

Environment = dict[str, str]


def written(prefix: Path, running: Running) -> Path:
    """Write a prefix's scripts."""
    (prefix / "bin").mkdir(parents=True, exist_ok=True)
    return put(prefix, prefix_scripts(running))


def put(folder: Path, texts: Mapping[str, str]) -> Path:
    """Write texts below a folder."""
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def cray_prefix(cray: Machine, prefix: Path) -> Path:
    """Write the scripts of a prefix whose packages need module operations and variables of every kind."""
    running = merged(str(prefix), [installed(package(cray.bench.plan(*steps()), *edits()))], conda=False)
    return written(prefix, running)


def bare_prefix(prefix: Path, *changes: object) -> Path:
    """Write the scripts of a prefix whose packages need variables alone."""
    found = package(None, *(changes or edits()))  # type: ignore[arg-type]
    return written(prefix, merged(str(prefix), [installed(found)], conda=False))


def word(shell: str, text: str) -> str:
    """Return a word of the shell."""
    if shell == "fish":
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return shlex.quote(text).replace("!", "\\!") if shell in ("tcsh", "csh") else shlex.quote(text)


def source(shell: str, script: Path) -> str:
    """Return the line that sources a script, without the extension of the shell's language."""
    file = f"{script}.{EXTENSION.get(shell, 'sh')}"
    return f"{'source' if shell in EXTENSION else '.'} {word(shell, file)}"


def activate(shell: str, prefix: Path) -> str:
    """Return the line by which a user activates a prefix without conda."""
    return source(shell, prefix / "etc/pybuild/activate")


def moments(
    shell: str,
    lines: Iterable[str],
    folder: Path,
    *,
    start: Mapping[str, str] | None = None,
    cray: Machine | None = None,
) -> tuple[list[Environment], Captured]:
    """Run lines in a shell and return the environment at each line ``LOOK``, and how the shell ended."""
    script: list[str] = []
    files: list[Path] = []
    for line in lines:
        if line == "LOOK":
            files.append(folder / f"moment-{len(files)}")
            script.append(f"env -0 > {word(shell, str(files[-1]))}")
        else:
            script.append(line)
    if cray is not None:
        ended = cray.run(shell, *script, start=dict(start or {}))
    else:
        file = folder / "script"
        file.write_text("\n".join([*script, ""]))
        ended = capture((*COMMANDS[shell], str(file)), env={**CLEAN, **(start or {})}, cwd="/", timeout=60)
    return [_read(file) for file in files if file.exists()], ended


def _read(file: Path) -> Environment:
    pairs = (item.partition("=") for item in file.read_text(errors="surrogateescape").split("\0") if item)
    found = {name: value for name, _, value in pairs if name not in HOUSEKEEPING}
    file.unlink()
    return found


def different(before: Environment, after: Environment) -> dict[str, tuple[str | None, str | None]]:
    """Return every variable that is not the same, with both values; None where it is not set."""
    names = sorted(before.keys() | after.keys())
    return {n: (before.get(n), after.get(n)) for n in names if before.get(n) != after.get(n)}
