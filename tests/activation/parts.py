"""Prefixes to activate, module tools in every shell, and what a shell has after it evaluated something."""

from __future__ import annotations

import atexit
import json
import shlex
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from cattrs import unstructure

from pybuild.model.modules import ModulePlan, ModuleStep
from pybuild.model.plan import Edit, PackagePlan
from pybuild.plan.running import Installed
from pybuild.process import Captured, capture
from tests.debs import unpacked
from tests.modules.tools import Bench, RealTool, five, lmod, step
from tests.prefix.prefixes import note

# fish makes folders in its home, whatever that is.
HOME = tempfile.mkdtemp(prefix="pybuild-home-")
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
CLEAN = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": HOME, "LC_ALL": "C.UTF-8", "TERM": "dumb"}
COMMANDS = {
    "bash": ("bash", "--noprofile", "--norc"), "zsh": ("zsh", "-f"), "sh": ("dash",),
    "tcsh": ("tcsh", "-f"), "csh": ("csh", "-f"), "fish": ("fish", "--no-config"),
}  # fmt: skip
EVALUATE = {"tcsh": 'eval "`cat {}`"', "csh": "source {}", "fish": "cat {} | source"}
"""How the text of a file is evaluated; for the others ``eval "$(cat FILE)"``."""

NASTY = 'it\'s "$HOME" `id` \\ ! * ~ # %s {a,b} <x> [1] ; & | (é)  end\\'


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A module tool with modulefiles, for any shell.

    Attributes:
        inits: the folder of its init files.
    """

    bench: Bench
    inits: Path

    def run(self, shell: str, *lines: str, start: dict[str, str] | None = None) -> Captured:
        """Run lines in a shell that has the tool and uses the bench's modulefiles."""
        init = self.inits / ("sh" if shell == "sh" else shell)
        script = self.inits.parent / f"script-{shell}"
        words = "source" if shell in ("tcsh", "csh", "fish") else "."
        script.write_text("\n".join([f"{words} {init}", f"module use {self.bench.folder}", *lines, ""]))
        return capture((*COMMANDS[shell], str(script)), env={**CLEAN, **(start or {})}, cwd="/", timeout=60)


def machine(name: str, folder: Path) -> Machine:
    """Return a machine like a Cray with Environment Modules or Lmod."""
    folder.mkdir(parents=True, exist_ok=True)
    tool: RealTool = five() if name == "tcl" else lmod(folder)
    bench = Bench(tool, folder)
    for member, brand in (("intel", "INTEL"), ("gnu", "GNU"), ("cray", "CRAY")):
        others = " ".join({"PrgEnv-intel", "PrgEnv-gnu", "PrgEnv-cray"} - {f"PrgEnv-{member}"})
        bench.write(
            f"PrgEnv-{member}/6.0.5",
            f"conflict {others}",
            f"setenv PE_ENV {brand}",
            f"prepend-path PATH /opt/{member}/bin",
        )
    bench.write("craype-hugepages2M", "setenv HUGETLB_MORECORE yes")
    bench.write("craype-hugepages8M", "setenv HUGETLB_DEFAULT_PAGE_SIZE 8M")
    bench.write("cray-hdf5/1.10.2.0", "setenv HDF5_DIR /opt/hdf5")
    bench.write("darshan/3", "setenv DARSHAN yes")
    bench.write("xalt/2", "setenv XALT yes")
    return Machine(bench=bench, inits=_inits(name, folder))


def _inits(name: str, folder: Path) -> Path:
    if name == "tcl":
        source, root = Path("/usr/share/modules/init"), ""
    else:
        source, root = unpacked("lmod") / "usr/share/lmod/lmod/init", str(unpacked("lmod"))
    target = folder / "inits"
    target.mkdir()
    for shell in COMMANDS:
        text = (source / shell).read_text()
        (target / shell).write_text(
            text.replace("/usr/share/lmod", f"{root}/usr/share/lmod") if root else text
        )
    return target


def steps() -> tuple[ModuleStep, ...]:
    """Return one operation of each kind; ``use`` is the folder's."""
    return (
        step("choose", "PrgEnv-gnu"),
        step("unload", "craype-hugepages*"),
        step("load", "cray-hdf5"),
        step("swap", "xalt", old="darshan"),
    )


def edits() -> tuple[Edit, ...]:
    """Return changes of every kind, with values that quoting must survive."""
    return (
        Edit(kind="set", name="TOY_NASTY", value=NASTY),
        Edit(kind="set", name="TOY_EMPTY", value=""),
        Edit(kind="set", name="TOY_LATE", value="-L${{ env.HDF5_DIR }}/lib:${{ prefix }}/lib it's"),
        Edit(kind="prepend", name="TOY_PATH", value="/first"),
        Edit(kind="prepend", name="TOY_NEW_PATH", value="/only"),
        Edit(kind="unset", name="TOY_GONE"),
        Edit(kind="set", name="TOY_OLD", value="new"),
    )


BEFORE = {"TOY_GONE": "there it's", "TOY_OLD": "old $x", "TOY_PATH": "/second"}
"""What the user has set before."""


def package(modules: ModulePlan | None, *environment: Edit, name: str = "toy") -> PackagePlan:
    """Return a package with what its runs need."""
    return PackagePlan(
        name=name, version="1.0", build_string="py311_toy_h0_0", key="k", loose_key="k", action="build",
        change="new", requested=True, run_modules=modules, run_environment=environment,
    )  # fmt: skip


def installed(plan: PackagePlan) -> Installed:
    """Return the package as installed for site toy."""
    return Installed(name=plan.name, version=plan.version, site="toy", level="ranked", plan=plan)


def prefix_with(prefix: Path, *packages: PackagePlan) -> Path:
    """Make a conda prefix in which pybuild installed these packages."""
    notes = prefix / "conda-meta" / "pybuild"
    notes.mkdir(parents=True)
    (prefix / "conda-meta" / "history").touch()
    for one in packages:
        found = note(one.name, one.version, one.build_string, site="toy", level="ranked")
        (notes / f"{one.name}.json").write_text(json.dumps(found))
        (prefix / "conda-meta" / f"{one.name}-{one.version}-{one.build_string}.json").touch()
        record = prefix / "share" / "pybuild" / one.name / "record.json"
        record.parent.mkdir(parents=True)
        record.write_text(json.dumps({"package": unstructure(replace(one, build=None))}))
    return prefix


def evaluated(shell: str, file: Path) -> str:
    """Return the line by which a user has the text of a file evaluated."""
    return EVALUATE.get(shell, 'eval "$(cat {})"').format(shlex.quote(str(file)))


def environment(ended: Captured) -> dict[str, str]:
    """Return what a script that ends with ``env -0`` had."""
    assert ended.code == 0, ended.err
    found = dict(pair.split("=", 1) for pair in ended.out.split("\0") if "=" in pair)
    return {name: value for name, value in found.items() if name not in ("_", "SHLVL", "PWD", "OLDPWD")}


def loaded(environ: dict[str, str]) -> set[str]:
    """Return the loaded modules without versions."""
    return {one.split("/")[0] for one in environ.get("LOADEDMODULES", "").split(":") if one}
