"""Where an interpreter on the machine keeps its parts; it is asked itself, by one short child process."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

from pybuild.errors import PrefixError
from pybuild.process import capture

# Prefixes that an interpreter shares with other software: not every path below them is the interpreter's.
SHARED = ("/", "/usr", "/usr/local")

# What children see: nothing of the caller's environment can change what an interpreter answers.
CLEAN = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}

# Modules that need libraries of the machine; the copy must import those that the original imports.
PROBES = ("ssl", "sqlite3", "zlib", "ctypes", "hashlib", "distutils.command.install")

# Runs under 2.7 and 3.x. The raw build variables differ from sysconfig's where an interpreter was moved.
_QUESTION = r"""
import json, os, sys, sysconfig
try:
    name = sysconfig._get_sysconfigdata_name()
except (AttributeError, TypeError):
    name = '_sysconfigdata'
try:
    raw = __import__(name).build_time_vars
except ImportError:
    raw = {}
var = sysconfig.get_config_var
mapped = set()
for line in open('/proc/self/maps'):
    path = line.rstrip('\n').partition('/')[2]
    if os.path.basename(path).startswith('libpython'):
        mapped.add('/' + path)
works = []
for module in sys.argv[1:]:
    try:
        __import__(module)
        works.append(module)
    except ImportError:
        pass
level = {'final': '', 'alpha': 'a', 'beta': 'b', 'candidate': 'rc'}[sys.version_info[3]]
print(json.dumps({
    'version': '%d.%d.%d' % sys.version_info[:3] + (level and level + str(sys.version_info[4])),
    'short': '%d.%d' % sys.version_info[:2],
    'prefix': getattr(sys, 'base_prefix', sys.prefix),
    'built': [raw[key] for key in ('prefix', 'exec_prefix') if raw.get(key)],
    'stdlib': sysconfig.get_path('stdlib'),
    'dynload': [entry for entry in sys.path if os.path.basename(entry) == 'lib-dynload'],
    'include': sysconfig.get_path('include'),
    'multiarch': var('MULTIARCH') or '',
    'libdir': var('LIBDIR') or '',
    'wheels': var('WHEEL_PKG_DIR') or '',
    'mapped': sorted(mapped),
    'works': works,
}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """An interpreter's parts.

    Attributes:
        executable: real path of the binary.
        version: ``3.11.7``; ``short`` is ``3.11``.
        prefix: its own prefix, links resolved.
        olds: every spelling of that prefix that its files may hold, the one it was built for included.
        dynload: directories of extension modules.
        include: directory of Python.h; ``multiarch_include`` that of Debian's pyconfig.h, or ``""``.
        libraries: directories that may hold its libpython, most certain first.
        wheels: directory of the wheels that ensurepip takes from the system, or ``""``.
        works: which of PROBES it can import.
    """

    executable: str
    version: str
    short: str
    prefix: str
    olds: tuple[str, ...]
    stdlib: str
    dynload: tuple[str, ...]
    include: str
    multiarch: str
    multiarch_include: str
    libraries: tuple[str, ...]
    wheels: str
    works: tuple[str, ...]

    @property
    def shared(self) -> bool:
        """Whether other software lives below the same prefix."""
        return self.prefix in SHARED

    @property
    def library(self) -> str:
        """The standard library's place in a conda prefix."""
        return f"lib/python{self.short}"

    @property
    def headers(self) -> str:
        """The headers' place in a conda prefix; 3.6 and 3.7 have an ``m`` at its end."""
        return f"include/{os.path.basename(self.include)}"


def read_home(interpreter: str) -> Home:
    """Ask an interpreter where its parts are; raise PrefixError where it gives no answer."""
    executable = os.path.realpath(interpreter)
    argv = [executable, "-B", "-E", "-s", "-S", "-c", _QUESTION, *PROBES]
    asked = capture(argv, env=CLEAN, cwd="/")
    try:
        told = json.loads(asked.out)
    except ValueError:
        reason = (asked.err.strip().splitlines() or [f"exit code {asked.code}"])[-1]
        raise PrefixError(f"{executable}: cannot be asked where its library is: {reason}") from None
    return _home(executable, told)


def _home(executable: str, told: dict[str, object]) -> Home:
    text = {key: value for key, value in told.items() if isinstance(value, str)}
    lists = {key: tuple(map(str, value)) for key, value in told.items() if isinstance(value, list)}
    prefix = os.path.realpath(text["prefix"])
    include = os.path.realpath(text["include"])
    arch = os.path.join(os.path.dirname(include), text["multiarch"], os.path.basename(include))
    places = [os.path.dirname(path) for path in lists["mapped"]]
    places += [text["libdir"], f"{prefix}/lib", f"{prefix}/lib64", f"{prefix}/lib/{text['multiarch']}"]
    olds = (prefix, text["prefix"], *lists["built"])
    return Home(
        executable=executable,
        version=text["version"],
        short=text["short"],
        prefix=prefix,
        # A prefix that is shared by name must never be replaced as a whole, whoever mentions it.
        olds=tuple(dict.fromkeys(old for old in olds if old not in SHARED)),
        stdlib=text["stdlib"],
        dynload=lists["dynload"],
        include=include,
        multiarch=text["multiarch"],
        multiarch_include=arch if text["multiarch"] and os.path.isfile(f"{arch}/pyconfig.h") else "",
        libraries=tuple(dict.fromkeys(place for place in places if place)),
        wheels=text["wheels"],
        works=lists["works"],
    )
