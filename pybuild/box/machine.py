"""What of a box this machine has already: its module tools."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from pybuild.model.modules import Tool

_USUAL: tuple[tuple[Tool, str], ...] = (
    ("tcl", "/usr/share/modules/init/bash"),
    ("tcl", "/usr/share/Modules/init/bash"),
    ("tcl", "/opt/modules/default/init/bash"),
    ("tcl", "/opt/cray/pe/modules/default/init/bash"),
    ("lmod", "/usr/share/lmod/lmod/init/bash"),
    ("lmod", "/opt/apps/lmod/lmod/init/bash"),
    ("lmod", "/opt/cray/pe/lmod/lmod/init/bash"),
)


def module_tools(environ: Mapping[str, str]) -> dict[Tool, str]:
    """Return the file that defines ``module`` for bash, by the tool behind it; empty where there is none.

    Args:
        environ: the user's environment, where both tools say where they are.
    """
    found: dict[Tool, str] = {}
    for tool, init in (*_told(environ), *_USUAL):
        if tool not in found and os.path.isfile(init):
            found[tool] = init
    return found


def _told(environ: Mapping[str, str]) -> Iterator[tuple[Tool, str]]:
    if environ.get("LMOD_PKG"):
        yield "lmod", os.path.join(environ["LMOD_PKG"], "init", "bash")
    elif environ.get("MODULESHOME"):
        yield "tcl", os.path.join(environ["MODULESHOME"], "init", "bash")
