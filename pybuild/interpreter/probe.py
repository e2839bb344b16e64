"""Asking one interpreter what it is, and whether it can become the Python of a conda prefix."""

from __future__ import annotations

import hashlib
import json
import os
from typing import NamedTuple

from pybuild.model.machine import Interpreter

# Versions that pybuild is tried with as targets; newer ones are accepted, older ones are not.
SUPPORTED = ("2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14")

# -E -s -S mean the same under 2.7 and 3.x; -I does not exist before 3.4.
_OPTIONS = ("-B", "-E", "-s", "-S")
_CLEAN = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}

# A script that stands before an interpreter is asked too: what runs in the end tells its own path.
QUESTION = r"""
import json, os, struct, sys, sysconfig
var = sysconfig.get_config_var
libpython = var('INSTSONAME') or var('LDLIBRARY')
stdlib = sysconfig.get_path('stdlib')
major, minor, micro, level, serial = sys.version_info[:5]
mark = {'final': '', 'alpha': 'a%d', 'beta': 'b%d', 'candidate': 'rc%d'}[level]
name = getattr(getattr(sys, 'implementation', None), 'name', 'pypy' if 'PyPy' in sys.version else 'cpython')
include = sysconfig.get_path('include')
print(json.dumps({
    'executable': sys.executable,
    'version': '%d.%d.%d' % (major, minor, micro) + (mark and mark % serial),
    'level': level,
    'implementation': name,
    'base_prefix': getattr(sys, 'base_prefix', sys.prefix),
    'base_executable': getattr(sys, '_base_executable', None) or sys.executable,
    'paths': dict((key, sysconfig.get_path(key)) for key in ('stdlib', 'platstdlib')),
    'include': include,
    'headers': os.path.isfile(os.path.join(include, 'Python.h')),
    'stdlib': os.path.isfile(os.path.join(stdlib, 'os.py')),
    'bits': struct.calcsize('P') * 8,
    'libpython': libpython,
    'suffix': var('EXT_SUFFIX') or var('SO'),
    'debug': bool(var('Py_DEBUG')) or hasattr(sys, 'gettotalrefcount'),
    'threads': bool(var('Py_GIL_DISABLED')),
    'files': [os.path.join(stdlib, 'os.py'), os.path.join(include, 'Python.h'),
              os.path.join(include, 'patchlevel.h'), os.path.join(var('LIBDIR') or '', libpython or '')]
             + [getattr(sys.modules[one], '__file__', '') for one in sys.modules if 'sysconfigdata' in one],
}))
"""


class Probed(NamedTuple):
    """What an interpreter is, and the files that this was read from, there or not: its binary is the first.

    Attributes:
        files: none where the interpreter did not answer.
    """

    interpreter: Interpreter
    files: tuple[str, ...]


def probe_interpreter(path: str) -> Probed:
    """Run an interpreter once and return what it is, with a sentence where it cannot serve."""
    from pybuild.process import capture

    asked = capture([path, *_OPTIONS, "-c", QUESTION], env=_CLEAN, cwd="/", timeout=20)
    try:
        told = json.loads(asked.out)
    except ValueError:
        reason = (asked.err.strip().splitlines() or [f"exit code {asked.code}"])[-1]
        reason = reason.removeprefix(f"{path}: ").lower()
        return Probed(Interpreter(path=path, version="", rejected=f"{path} cannot run: {reason}"), ())
    # A script in front of the interpreter stays no part of the answer.
    real = os.path.realpath(told["executable"] or path)
    version = str(told["version"])
    found = Interpreter(
        path=real,
        version=version,
        identity=_identity(real, version),
        rejected=_rejection(real, version, told),
    )
    return Probed(found, (real, *told["files"]))


def _identity(path: str, version: str) -> str:
    status = os.stat(path)
    facts = [path, version, status.st_size, status.st_mtime_ns]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _rejection(path: str, version: str, told: dict[str, object]) -> str | None:
    short = ".".join(version.split(".")[:2])
    old = _release(short) < _release(SUPPORTED[1]) and short != SUPPORTED[0]
    facts = (
        (told["implementation"] != "cpython", f"is {told['implementation']}, not CPython"),
        (told["level"] != "final", f"is the pre-release {version}"),
        (old, f"is Python {short}, which is too old"),
        (told["bits"] != 64, f"is a {told['bits']} bit program"),
        (told["debug"], "is a debug build"),
        (told["threads"], "is a free-threaded build, which extensions of the usual ABI do not fit"),
        (not told["stdlib"], "has no standard library as plain files"),
        (not told["headers"], _no_headers(path, short, str(told["include"]))),
    )
    return next((f"{path} {reason}" for wrong, reason in facts if wrong), None)


def _no_headers(path: str, short: str, include: str) -> str:
    sentence = f"has no C headers: {include}/Python.h is missing"
    # Debian and its children split the headers off; whoever finds this file can have them.
    if os.path.exists("/etc/debian_version") and path == f"/usr/bin/python{short}":
        sentence += f" (the Debian package python{short}-dev, or python3-dev, has it)"
    return sentence


def _release(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))
