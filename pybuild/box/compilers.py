"""The machine's own compiler, which stands behind every compiler of a box."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping

from pybuild.errors import BuildError
from pybuild.process import capture

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
REAL = {"c": ("gcc", "cc", "clang"), "cxx": ("g++", "c++", "clang++"), "fortran": ("gfortran", "flang")}


def data_file(name: str) -> str:
    """Return the path of a file that lies beside this one."""
    return os.path.join(os.path.dirname(__file__), name)


def real_compiler(language: str) -> str:
    """Return this machine's compiler for ``c``, ``cxx`` or ``fortran``, the usual path where it has none."""
    found = (shutil.which(name, path=SYSTEM_PATH) for name in REAL[language])
    return next((path for path in found if path), f"/usr/bin/{REAL[language][0]}")


def write_program(path: str, text: str) -> None:
    """Write an executable file and the folders above it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o755)  # noqa: S103, others on the machine may use the box


def filled(name: str, words: Mapping[str, str]) -> str:
    """Return the text of a file beside this one with each ``@WORD@`` replaced."""
    with open(data_file(name), encoding="utf-8") as file:
        text = file.read()
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text


def build_shared(source: str, library: str, *options: str) -> None:
    """Compile one C file to a shared library.

    Raises:
        BuildError: this machine's compiler is missing or refuses.
    """
    os.makedirs(os.path.dirname(library), exist_ok=True)
    compiler = real_compiler("c")
    argv = (compiler, "-shared", "-fPIC", "-o", library, source, *options)
    _run(argv, library)


def build_archive(source: str, archive: str) -> None:
    """Compile one C file to a static library.

    Raises:
        BuildError: this machine's compiler or ``ar`` is missing or refuses.
    """
    os.makedirs(os.path.dirname(archive), exist_ok=True)
    part = f"{archive}.o"
    _run((real_compiler("c"), "-c", "-fPIC", "-o", part, source), archive)
    _run(("ar", "rcs", archive, part), archive)
    os.unlink(part)


def _run(argv: tuple[str, ...], made: str) -> None:
    done = capture(argv, env={"PATH": SYSTEM_PATH, "LC_ALL": "C"})
    if done.code != 0:
        reason = done.err.strip().splitlines() or [f"exit code {done.code}"]
        raise BuildError(
            f"{made}: cannot be made: {reason[0]}",
            hint="install a C compiler; Debian has it in build-essential",
        )
