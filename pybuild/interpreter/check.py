"""Proof that a staged interpreter stands on its own: it is asked, and what it says is compared."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from pybuild.errors import PrefixError
from pybuild.interpreter.home import CLEAN, Home
from pybuild.process import capture

_HINT = "name another interpreter with --python, or a conda channel in the site's file"

# With site, because site.py decides about sys.path; -E and -s keep the user's own settings out.
_QUESTION = r"""
import json, os, py_compile, sys, sysconfig
modules, sources = json.loads(sys.argv[1]), json.loads(sys.argv[2])
for source in sources:
    # import corrects the name in the bytecode; the staging directory's would differ from run to run
    py_compile.compile(source, None, os.path.relpath(source, sys.prefix), True)
fails = {}
for module in modules:
    try:
        __import__(module)
    except ImportError:
        fails[module] = str(sys.exc_info()[1])
answer = {
    'prefix': sys.prefix,
    'purelib': sysconfig.get_path('purelib'),
    'include': sysconfig.get_path('include'),
    'includepy': sysconfig.get_config_var('INCLUDEPY'),
    'path': [entry for entry in sys.path if entry],
    'fails': fails,
}
if 'distutils.command.install' in sys.modules:
    from distutils.core import Distribution
    from distutils.sysconfig import get_python_lib
    command = Distribution().get_command_obj('install')
    command.finalize_options()
    answer['distutils'] = command.install_purelib
    answer['get_python_lib'] = get_python_lib()
print(json.dumps(answer))
"""


def check_staged(home: Home, staging: Path, placeholder: str, edited: list[Path]) -> None:
    """Ask the staged interpreter who it is; raise PrefixError that names everything that is wrong.

    Its edited modules get their bytecode back on this occasion.
    """
    program = str(staging / "bin" / f"python{home.short}")
    sources = [
        str(path) for path in edited if path.suffix == ".py" and placeholder.encode() not in path.read_bytes()
    ]
    argv = [program, "-B", "-E", "-s", "-c", _QUESTION, json.dumps(home.works), json.dumps(sources)]
    asked = capture(argv, env=CLEAN, cwd="/")
    try:
        told = json.loads(asked.out)
    except ValueError:
        reason = (asked.err.strip().splitlines() or [f"exit code {asked.code}"])[-1]
        raise PrefixError(f"{home.executable}: its copy does not run: {reason}", hint=_HINT) from None
    problems = _problems(told, home, staging, placeholder)
    if problems:
        what = "; ".join(problems)
        raise PrefixError(f"{home.executable}: its copy is not independent: {what}", hint=_HINT)


def _problems(told: dict[str, Any], home: Home, staging: Path, placeholder: str) -> list[str]:
    root = str(staging)
    site_packages = f"{root}/{home.library}/site-packages"
    expected = dict.fromkeys(("purelib", "distutils", "get_python_lib"), site_packages) | {"prefix": root}
    problems = [
        f"{name} is {told[name]!r}, not {wanted!r}"
        for name, wanted in expected.items()
        if name in told and told[name] != wanted
    ]
    problems += [f"sys.path has {entry!r}" for entry in told["path"] if not entry.startswith(root + os.sep)]
    if site_packages not in told["path"]:
        problems.append(f"sys.path lacks {site_packages!r}")
    problems += [f"{module} is not importable: {why}" for module, why in told["fails"].items()]
    # The text carries the placeholder, which stands for the staging directory.
    for name in ("include", "includepy"):
        place = str(told[name]).replace(placeholder, root, 1)
        if not (place.startswith(f"{root}/include/") and os.path.isfile(f"{place}/Python.h")):
            problems.append(f"{name} is {told[name]!r}, where no Python.h is")
    return problems
