"""Debian's changes to the standard library, taken back in the copy.

Debian and Ubuntu install into ``local/lib/python3.11/dist-packages``, ``lib/python3/dist-packages`` and the
like (Debian Python Policy, "Module Path"); conda has ``lib/python3.11/site-packages`` for everything.
The texts differ from release to release, so each is matched loosely:
whether the result behaves is checked afterwards, by asking the copy.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

# Modules of the machine's administrator, and Debian's hook into setuptools' own distutils.
FOREIGN_MODULES = ("sitecustomize", "usercustomize", "_distutils_system_mod")

_PATCHED = (
    "site.py",
    "sysconfig.py",
    "sysconfig/__init__.py",
    "distutils/sysconfig.py",
    "distutils/command/install.py",
    "ensurepip/__init__.py",
)

# (pattern, replacement), applied in order to each of the files above.
_EDITS: tuple[tuple[str, str], ...] = (
    # site.py: two more directories beside the one of this version
    (r'[ \t]*sitepackages\.append\(os\.path\.join\(prefix, "local/lib",[^)]*?"dist-packages"\)\)\n', ""),
    (r'[ \t]*sitepackages\.append\(os\.path\.join\(prefix, "lib",\s*"python3",\s*"dist-packages"\)\)\n', ""),
    # schemes: a local/ and a versionless directory, in both notations
    (r"(\{\w+\}|\$\w+)/local(?=[/'\"])", r"\1"),
    (r"(\{[^'\"\n]*)/python3/dist-packages", r"\1/python{py_version_short}/site-packages"),
    (r"(\$[^'\"\n]*)/python3/dist-packages", r"\1/python$py_version_short/site-packages"),
    (r"prefix_scheme = '(?:posix_local|deb_system)'", "prefix_scheme = 'posix_prefix'"),
    (r"'DEB_PYTHON_INSTALL_LAYOUT', 'posix_local'", "'DEB_PYTHON_INSTALL_LAYOUT', 'posix_prefix'"),
    # distutils.sysconfig.get_python_lib
    (r'"python3", "dist-packages"', '"python" + get_python_version(), "site-packages"'),
    # ensurepip refuses to serve the system's Python, which the copy is not
    (r"\n[ \t]+_ensurepip_is_disabled_in_debian_for_system\(\)(?=\n)", ""),
    (r"\bdist-packages\b", "site-packages"),
)


def undo_debian(relative: str, data: bytes) -> bytes:
    """Return a file of the standard library as upstream would have it.

    Args:
        relative: the file's path below the standard library.
    """
    if relative not in _PATCHED or not (b"dist-packages" in data or b"disabled_in_debian" in data):
        return data
    text = data.decode()
    for pattern, replacement in _EDITS:
        text = re.sub(pattern, replacement, text)
    return text.encode()


def undo_frozen(file: Path) -> bool:
    """Take Debian's directory back in a binary; return whether it was there.

    From 3.11 on ``site`` is frozen into the binary (Python/frozen.c) and the file site.py is never read.
    The two names are equally long, so the string constant can be replaced in place.
    """
    data = file.read_bytes()
    if b"dist-packages" not in data:
        return False
    status = file.stat()
    file.write_bytes(data.replace(b"dist-packages", b"site-packages"))
    os.utime(file, ns=(status.st_mtime_ns, status.st_mtime_ns))
    return True


def plain_first_line(data: bytes, program: str) -> bytes:
    """Return a module whose first line names the machine's interpreter with upstream's first line instead."""
    line, newline, rest = data.partition(b"\n")
    if line.startswith(b"#!") and line[2:].split()[:1] == [program.encode()]:
        return b"#! /usr/bin/env python3" + newline + rest
    return data
