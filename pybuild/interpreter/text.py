"""Text files of an interpreter: the names of its old home become the placeholder."""

from __future__ import annotations

import ast
import pprint
import re
from collections.abc import Callable

from pybuild.interpreter.home import Home

# Build variables whose values are directories of the interpreter itself, in sysconfig data, the Makefile,
# pkg-config files and the python-config script. All others may name other software (Makefile.pre.in).
# fmt: off
_OWN = (
    "prefix", "exec_prefix", "bindir", "libdir", "includedir", "datarootdir", "BINDIR", "LIBDIR",
    "INCLUDEDIR", "CONFINCLUDEDIR", "SCRIPTDIR", "LIBPC", "MANDIR", "DESTDIRS", "INCLDIRSTOMAKE",
    "LIBDEST", "BINLIBDEST", "DESTLIB", "MACHDESTLIB", "DESTSHARED", "LIBPL", "LIBP", "INCLUDEPY",
    "CONFINCLUDEPY",
)
# fmt: on
_ASSIGNMENT = re.compile(rf"^((?:{'|'.join(_OWN)})[ \t]*=)(.*)$", re.MULTILINE)

# A path begins where no longer path goes on; compiler options glue a letter to it (-I/x, -L/x),
# and one variable of the Makefile glues a point (WASM_STDLIB=./x).
_BEGIN = r"(?:(?<![\w.+@~$})/-])|(?<=-[ILRBF])|(?<=['\"\s=]\.))"
_END = r"(?![\w.+@~-])"

Rewrite = Callable[[bytes], bytes]


def home_rewrite(home: Home, placeholder: str) -> Rewrite:
    """Return a function that rewrites any text file of the home.

    A home of its own is replaced wherever it is named as a whole path.
    Below a shared prefix, only the interpreter's own directories and its program are.
    """
    pairs = dict.fromkeys(home.olds, placeholder)
    if home.shared:
        pairs |= _own_places(home, placeholder)
    needles = tuple(old.encode() for old in pairs)
    longest_first = sorted(pairs, key=len, reverse=True)
    pattern = re.compile((_BEGIN + f"(?:{'|'.join(map(re.escape, longest_first))})" + _END).encode())
    table = {old.encode(): new.encode() for old, new in pairs.items()}

    def rewrite(data: bytes) -> bytes:
        if not any(needle in data for needle in needles):
            return data
        return pattern.sub(lambda match: table[match[0]], data)

    return rewrite


def rewrite_sysconfig(data: bytes, home: Home, placeholder: str) -> bytes:
    """Rewrite the module of build variables of a home below a shared prefix, variable by variable.

    Text without the expected dictionary is returned as it is.
    """
    text = data.decode()
    for node in ast.parse(text).body:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Dict):
            continue
        values = ast.literal_eval(node.value)
        for name in _OWN:
            if isinstance(values.get(name), str):
                values[name] = _own_paths(values[name], home, placeholder)
        if values.get("WHEEL_PKG_DIR"):
            values["WHEEL_PKG_DIR"] = f"{placeholder}/{home.library}/ensurepip/_bundled"
        lines = text.splitlines(keepends=True)
        made = f"build_time_vars = {pprint.pformat(values)}\n"
        return "".join([*lines[: node.lineno - 1], made, *lines[node.end_lineno :]]).encode()
    return data


def rewrite_assignments(data: bytes, home: Home, placeholder: str) -> bytes:
    """Rewrite ``NAME=value`` lines (Makefile, pkg-config, shell) of a home below a shared prefix."""
    text = data.decode("utf-8", "surrogateescape")
    made = _ASSIGNMENT.sub(lambda match: match[1] + _own_paths(match[2], home, placeholder), text)
    return made.encode("utf-8", "surrogateescape")


def _own_places(home: Home, placeholder: str) -> dict[str, str]:
    name = f"python{home.short}"
    places = {
        home.stdlib: home.library,
        home.include: home.headers,
        f"{home.prefix}/lib/{name}": home.library,
        f"{home.prefix}/lib64/{name}": home.library,
        f"{home.prefix}/lib/{home.multiarch}/{name}": home.library,
        f"{home.prefix}/bin/{name}": f"bin/{name}",
    }
    if home.multiarch_include:
        places[home.multiarch_include] = home.headers
    return {old: f"{placeholder}/{new}" for old, new in places.items()}


def _own_paths(value: str, home: Home, placeholder: str) -> str:
    """Replace each path below the shared prefix; a conda prefix knows neither lib64 nor multiarch folders."""
    path = re.compile(_BEGIN + re.escape(home.prefix.rstrip("/")) + r"((?:/[\w.+@~-]+)*)" + _END)
    folder = rf"^/(lib|include)/{re.escape(home.multiarch)}(?=/|$)" if home.multiarch else r"^/(lib)64(?=/|$)"

    def replaced(match: re.Match[str]) -> str:
        return placeholder + re.sub(folder, r"/\1", re.sub(r"^/lib64(?=/|$)", "/lib", match[1]))

    return path.sub(replaced, value)
