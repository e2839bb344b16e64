"""Modulefiles in Tcl, for Environment Modules of any age."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pybuild.box.records import BoxModule


def modulefile(module: BoxModule) -> str:
    """Return the text of a module's file."""
    return "".join(f"{line}\n" for line in _lines(module))


def default_file(version: str) -> str:
    """Return the text of the file ``.version``, which says what the name alone means."""
    return f"#%Module1.0\nset ModulesVersion {_quoted(version)}\n"


def _lines(module: BoxModule) -> Iterator[str]:
    yield "#%Module1.0"
    yield f"module-whatis {_quoted(f'{module.full()}, in a box')}"
    yield from (f"conflict {name}" for name in module.rivals)
    if module.replaces:
        # From version 4.2 on a compiler that was loaded by hand stays when its environment goes.
        names = " ".join(module.replaces)
        yield f"if {{ [module-info mode load] }} {{ module unload {names} }}"
    for name in module.needs:
        # Not prereq: from version 5 on that would load it.
        yield f"if {{ [module-info mode load] && ! [is-loaded {name}] }} {{"
        yield f"    puts stderr {_quoted(f'{module.full()} needs {name}')}"
        yield "    break"
        yield "}"
    yield from (f"module load {name}" for name in module.loads)
    yield from (f"setenv {name} {_quoted(value)}" for name, value in module.sets)
    yield from (f"prepend-path {name} {_quoted(value)}" for name, value in module.prepends)
    yield from (f"append-path {name} {_quoted(value)}" for name, value in module.appends)


def _quoted(text: str) -> str:
    return '"' + re.sub(r'([\\"$\[\]{}])', r"\\\1", text) + '"'
