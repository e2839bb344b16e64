"""Every Python on the machine that can become the Python of a new prefix."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping

from pybuild.errors import UsageError
from pybuild.interpreter.probe import SUPPORTED
from pybuild.interpreter.recall import interpreters
from pybuild.model.machine import Interpreter

# The supported ones and a few that do not exist yet.
_NAMES = ("python3", "python2.7", *(f"python3.{minor}" for minor in range(6, 20)))
_VERSION = re.compile(r"\d+(\.\d+){0,2}((a|b|rc)\d+)?")


def find_interpreters(
    wanted: str | None, *, environ: Mapping[str, str], cache: str | None = None
) -> tuple[Interpreter, ...]:
    """Return the machine's interpreters, best first: newest supported, then newer ones, then rejected.

    Args:
        wanted: None for all; ``3.11`` or ``3.11.7`` for these; or a path; a venv's leads to its base.
        environ: says where to look (PATH, HOME, PYENV_ROOT, UV_PYTHON_INSTALL_DIR); no child ever sees it.
        cache: pybuild's cache, in which what they are is remembered; None to ask each of them.

    Raises UsageError where ``wanted`` is neither a version nor a path.
    """
    if wanted is not None and os.sep in wanted:
        path = os.path.abspath(os.path.expanduser(wanted))
        return tuple(interpreters((_base(path),), cache))
    if wanted is not None and not _VERSION.fullmatch(wanted):
        expected = "a version such as 3.11 or the path of an interpreter"
        raise UsageError(f"python: found {wanted!r}, expected {expected}")
    probed = interpreters(_candidates(environ), cache)
    distinct = {found.path: found for found in reversed(probed)}
    fitting = (found for found in reversed(distinct.values()) if _fits(found.version, wanted))
    return tuple(sorted(fitting, key=_rank))


def _candidates(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return real paths of binaries, each once, the interpreter that runs us first."""
    found: dict[str, None] = {_base(sys.executable): None} if sys.executable else {}
    for folder in _folders(environ):
        for name in _NAMES:
            path = os.path.join(folder, name)
            if os.access(path, os.X_OK):
                real = _base(path)
                # pyenv's shims are shell scripts that start pyenv: what they stand for is found without them.
                if _is_elf(real):
                    found[real] = None
    return tuple(found)


def _folders(environ: Mapping[str, str]) -> Iterator[str]:
    import glob

    yield from (folder for folder in environ.get("PATH", "").split(os.pathsep) if os.path.isabs(folder))
    home = environ.get("HOME", "")
    pyenv = environ.get("PYENV_ROOT") or (f"{home}/.pyenv" if home else "")
    uv = environ.get("UV_PYTHON_INSTALL_DIR") or _uv_folder(environ, home)
    for root, pattern in ((pyenv, "versions/*/bin"), (uv, "*/bin"), ("/opt/python", "*/bin")):
        if root:
            yield from sorted(glob.glob(os.path.join(glob.escape(root), pattern)))
    yield from ("/usr/bin", "/usr/local/bin")


def _uv_folder(environ: Mapping[str, str], home: str) -> str:
    data = environ.get("XDG_DATA_HOME") or (f"{home}/.local/share" if home else "")
    return f"{data}/uv/python" if data else ""


def _base(path: str) -> str:
    """Return the real path of an interpreter, for a venv that of the one it was made from.

    Read from pyvenv.cfg (PEP 405): a venv made with copies does not link to its base.
    """
    for _ in range(4):  # a venv may be made from a venv
        settings = _venv_settings(path)
        home = settings.get("home")
        if not home:
            break
        version = ".".join(settings.get("version", settings.get("version_info", "")).split(".")[:2])
        named = (settings.get("base-executable"), settings.get("executable"))
        guesses = (f"{home}/python{version}", f"{home}/python3", f"{home}/python")
        base = next((guess for guess in (*named, *guesses) if guess and os.path.isfile(guess)), None)
        if base is None or base == path:
            break
        path = base
    return os.path.realpath(path)


def _venv_settings(path: str) -> dict[str, str]:
    config = os.path.join(os.path.dirname(os.path.dirname(path)), "pyvenv.cfg")
    try:
        with open(config, encoding="utf-8", errors="replace") as file:
            lines = [line.partition("=") for line in file]
    except OSError:
        return {}
    return {key.strip().lower(): value.strip() for key, _, value in lines}


def _is_elf(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False


def _fits(version: str, wanted: str | None) -> bool:
    return wanted is None or version == wanted or version.startswith(f"{wanted}.")


def _rank(found: Interpreter) -> tuple[bool, bool, tuple[int, ...]]:
    numbers = tuple(int(part) for part in re.findall(r"\d+", found.version)[:3])
    known = ".".join(map(str, numbers[:2])) in SUPPORTED
    return found.rejected is not None, not known, tuple(-number for number in numbers)
