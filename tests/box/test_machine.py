"""Which module tools this machine has."""

from __future__ import annotations

from pathlib import Path

from pybuild.box.machine import module_tools
from tests.box.parts import init_of


def test_a_tool_says_where_it_is(tmp_path: Path) -> None:
    """Lmod by LMOD_PKG, Environment Modules by MODULESHOME; Lmod sets MODULESHOME too."""
    (tmp_path / "init").mkdir()
    (tmp_path / "init/bash").touch()
    init = str(tmp_path / "init/bash")
    home = str(tmp_path)
    assert module_tools({"MODULESHOME": home})["tcl"] == init
    assert module_tools({"LMOD_PKG": home, "MODULESHOME": home})["lmod"] == init
    assert module_tools({"LMOD_PKG": home, "MODULESHOME": home}).get("tcl") != init


def test_the_usual_places_are_known(tmp_path: Path) -> None:
    """Without any variable Debian's Environment Modules are found; a variable that lies is passed over."""
    assert module_tools({"MODULESHOME": str(tmp_path)})["tcl"] == init_of("tcl", tmp_path)
