"""The variables that builds below a prefix of their own choice begin with."""

from __future__ import annotations

from collections.abc import Mapping

from pybuild.model.plan import Edit
from pybuild.model.recipe import NATIVE, Build

_PLACES = (
    ("PREFIX", "${{ host }}", "where the package believes to be"),
    ("STAGED", "${{ staging }}", "where its files are gathered"),
    ("JOBS", "${{ jobs }}", "processes that it may use"),
)
_COMPILERS = (("CC", "cc"), ("CXX", "cxx"), ("FC", "fc"), ("F77", "fc"))
_FLAGS = (
    *((name, "-O2") for name in ("CFLAGS", "CXXFLAGS", "FFLAGS", "FCFLAGS")),
    ("CPPFLAGS", "-I${{ host }}/include"),
    ("LDFLAGS", "-L${{ host }}/lib -Wl,-rpath,${{ host }}/lib"),
    ("PKG_CONFIG_PATH", "${{ host }}/lib/pkgconfig:${{ host }}/share/pkgconfig"),
    ("CMAKE_PREFIX_PATH", "${{ host }}"),
)


def native_environment(build: Build, fields: Mapping[str, str]) -> list[Edit]:
    """Return what such builds get unless the site or the recipe says otherwise.

    Args:
        fields: provider fields; ``compiler.cc`` and its kin become ``CC`` and its kin.
    """
    edits = [Edit(kind="set", name=name, value=value, why=why) for name, value, why in _PLACES]
    if build.system not in NATIVE:
        return edits if build.before or build.after else []
    if build.system == "shell":
        edits.append(Edit(kind="set", name="DESTDIR", value="${{ dist }}", why="where it is installed"))
    for name, field in _COMPILERS:
        if program := fields.get(f"compiler.{field}", ""):
            edits.append(Edit(kind="set", name=name, value=program, why="the compiler of the plan"))
    why = "headers and libraries of the host prefix"
    edits += [Edit(kind="set", name=name, value=value, why=why) for name, value in _FLAGS]
    return edits
