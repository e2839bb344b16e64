"""Modulefiles in Lua, for Lmod."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from pybuild.box.records import BoxModule


def modulefile(module: BoxModule) -> str:
    """Return the text of a module's file.

    Of a family Lmod keeps only one: loading another member takes its place by itself.
    """
    return "".join(f"{line}\n" for line in _lines(module))


def _lines(module: BoxModule) -> Iterator[str]:
    yield _call("whatis", f"{module.full()}, in a box")
    if module.family:
        yield _call("family", re.sub(r"\W", "_", module.family))  # part of a variable's name
    yield from (_call("prereq", name) for name in module.needs)
    yield from (_call("load", name) for name in module.loads)
    yield from (_call("setenv", name, value) for name, value in module.sets)
    yield from (_call("prepend_path", name, value) for name, value in module.prepends)
    yield from (_call("append_path", name, value) for name, value in module.appends)


def _call(function: str, *arguments: str) -> str:
    # JSON's strings are Lua's, as long as no control character is in them, and none is.
    return f"{function}({', '.join(json.dumps(one, ensure_ascii=False) for one in arguments)})"
