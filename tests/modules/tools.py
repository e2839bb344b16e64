"""The module tools of the tests, and short ways to write modulefiles and plans."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest

from pybuild.errors import ModuleToolError
from pybuild.model.modules import Capture, ModulePlan, ModuleStep, Operation, OperationKind, Tool
from pybuild.modules.capture import capture
from tests.debs import unpacked

FIVE = Path("/usr/share/modules/init/bash")
PRGENVS = ("PrgEnv-*",)


@dataclass(frozen=True, slots=True, kw_only=True)
class RealTool:
    """A module tool: what a site calls it, its init, and what it says when it has no such module."""

    name: str
    kind: Tool
    init: str
    unknown: str


def five() -> RealTool:
    """Return Environment Modules 5 as Debian installs it."""
    if not FIVE.exists():
        pytest.skip("environment-modules is not installed")
    return RealTool(name="five", kind="tcl", init=str(FIVE), unknown="Unable to locate a modulefile")


def old(folder: Path) -> RealTool:
    """Return something that behaves like Environment Modules 3.2, or the real one where it is named."""
    five()
    here = str(Path(__file__).with_name("old-modulecmd"))
    command = os.environ.get("PYBUILD_TEST_MODULES32", here)
    init = folder / "init-old"
    init.write_text(
        f"module() {{ eval `{shlex.quote(command)} bash $*`; }}\n"
        "export -f module\n"
        'export MODULESHOME=/opt/modules LOADEDMODULES="${LOADEDMODULES:-}" MODULEPATH="${MODULEPATH:-}"\n'
        "echo noise on standard output; echo noise on standard error >&2\n"
    )
    return RealTool(name="old", kind="tcl", init=str(init), unknown=":ERROR:105: Unable to locate")


def lmod(folder: Path) -> RealTool:
    """Return Debian's Lmod, unpacked aside: its init names the place where it would be installed."""
    root = unpacked("lmod")
    text = (root / "usr/share/lmod/lmod/init/bash").read_text()
    init = folder / "init-lmod"
    init.write_text(text.replace("/usr/share/lmod", str(root / "usr/share/lmod")))
    return RealTool(name="lmod", kind="lmod", init=str(init), unknown="The following module(s) are unknown")


class Bench:
    """A tool with a folder of modulefiles, and what a plan makes of them."""

    def __init__(self, tool: RealTool, folder: Path) -> None:
        self.tool = tool
        self.folder = folder / "modulefiles"
        self.folder.mkdir()

    def write(self, module: str, *lines: str, folder: Path | None = None) -> None:
        """Write a Tcl modulefile, which all tools read; a name that ends in ``.lua`` makes it Lmod's own."""
        path = (folder or self.folder) / module
        path.parent.mkdir(parents=True, exist_ok=True)
        head = [] if module.endswith(".lua") else ["#%Module1.0"]
        path.write_text("\n".join([*head, *lines, ""]))

    def plan(self, *steps: ModuleStep, **more: object) -> ModulePlan:
        """Return a plan for the site ``toy``."""
        standard = {"init": (self.tool.init,), "folders": (str(self.folder),), "steps": steps}
        return ModulePlan(site="toy", tool=self.tool.kind, **{**standard, **more})  # type: ignore[arg-type]

    def capture(self, *steps: ModuleStep, **more: object) -> Capture:
        """Carry steps out."""
        return capture(self.plan(*steps, **more))

    def refusal(self, *steps: ModuleStep, **more: object) -> ModuleToolError:
        """Carry steps out and return the error that comes of it."""
        with pytest.raises(ModuleToolError) as caught:
            self.capture(*steps, **more)
        assert "\n" not in caught.value.message
        assert caught.value.message.startswith("site toy: ")
        assert caught.value.hint
        return caught.value


def step(kind: OperationKind, module: str, **more: str) -> ModuleStep:
    """Return a step; ``choose`` is of the family PrgEnv."""
    choose = kind == "choose"
    return ModuleStep(
        operation=Operation(kind=kind, module=module, family="PrgEnv" if choose else "", **more),
        members=PRGENVS if choose else (),
        by="site toy: rule r",
        why="because",
    )


def values(captured: Capture) -> dict[str, str]:
    """Return the environment as a mapping."""
    return dict(captured.environment)
