"""The box's folders of modulefiles."""

from __future__ import annotations

import os

from pybuild.box import lua, tcl
from pybuild.box.layout import Layout
from pybuild.box.names import operations
from pybuild.box.records import BoxModule
from pybuild.model.modules import Tool
from pybuild.model.site import Site


def write_modulefiles(modules: tuple[BoxModule, ...], folder: str, tool: Tool) -> None:
    """Write a modulefile for each module, and what each name without a version means."""
    for module in modules:
        path = os.path.join(folder, module.full())
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if tool == "lmod":
            _write(f"{path}.lua", lua.modulefile(module))
        else:
            _write(path, tcl.modulefile(module))
        if module.version and module.default:
            _write_default(os.path.join(folder, module.name), module.version, tool)


def used_folders(site: Site, modules: tuple[BoxModule, ...], layout: Layout, tool: Tool) -> None:
    """Write the folders that the site's operations add; each has all modules, as the first one has."""
    for one in operations(site):
        if one.kind == "use":
            write_modulefiles(modules, layout.below("use", one.module.strip("/")), tool)


def _write_default(folder: str, version: str, tool: Tool) -> None:
    if tool == "lmod":
        link = os.path.join(folder, "default")
        if not os.path.lexists(link):
            os.symlink(f"{version}.lua", link)
    else:
        _write(os.path.join(folder, ".version"), tcl.default_file(version))


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
