"""Whatever a user has loaded, activated or exported: one environment and one key."""

from __future__ import annotations

import random
import string
from pathlib import Path
from typing import Any

import pytest

from pybuild.load.places import Places, shipped
from pybuild.model.modules import Tool
from pybuild.model.request import Request
from pybuild.plan.specs import parse_spec
from pybuild.workflow import Settings, prepare
from tests.box.parts import TOOLS
from tests.on_cray.cray import make_cray
from tests.prefix.prefixes import make_prefix

SHELLS: dict[str, int] = {"tcl": 120, "lmod": 80}
"""How many shells each tool is asked in: two hundred in all."""

_VALUES = {
    "LOADEDMODULES": ("PrgEnv-cray/6.0.5:craype-hugepages8M", "PrgEnv-gnu:PrgEnv-intel", "darshan"),
    "_LMFILES_": ("/nowhere/PrgEnv-cray", ""),
    "MODULEPATH": ("/nowhere", "/home/me/modulefiles:/opt"),
    "MODULESHOME": ("/nowhere",),
    "MODULES_CMD": ("/bin/false",),
    "LMOD_CMD": ("/bin/false",),
    "PE_ENV": ("CRAY", "INTEL"),
    "CRAYPE_LINK_TYPE": ("static",),
    "CRAY_CPU_TARGET": ("mic-knl",),
    "CONDA_PREFIX": ("/home/me/conda",),
    "VIRTUAL_ENV": ("/home/me/venv",),
    "PYTHONPATH": ("/home/me/lib", "/nowhere:."),
    "PYTHONSTARTUP": ("/nowhere.py",),
    "PYTHONUSERBASE": ("/home/me/.local/cori/3.7",),
    "PYTHONHOME": ("/nowhere",),
    "LD_PRELOAD": ("/nowhere/liball.so",),
    "LD_LIBRARY_PATH": ("/nowhere/lib", "."),
    "CFLAGS": ("-O0 -DWRONG", "$(touch /tmp/x)"),
    "CC": ("icc",),
    "MPICC": ("mpicc -wrong",),
    "BASH_ENV": ("/nowhere/bashrc",),
    "ENV": ("/nowhere/rc",),
    "BASH_FUNC_module%%": ("() {  echo stolen; }",),
    "BASH_FUNC_source%%": ("() {  exit 3; }",),
    "PATH": ("/nowhere", "/usr/bin:/bin:/home/me/bin", ".:/usr/bin"),
    "HOME": ("/nowhere", "/home/me"),
    "IFS": (":", "x"),
    "CDPATH": ("/tmp",),
    "SHELLOPTS": ("errexit:nounset",),
    "POSIXLY_CORRECT": ("1",),
    "LANG": ("tr_TR.UTF-8",),
    "LC_ALL": ("de_DE", "tr_TR.UTF-8"),
    "TZ": ("Asia/Kathmandu",),
}


def polluted(seed: int) -> dict[str, str]:
    """Return the environment of a shell in which anything may have been set."""
    dice = random.Random(seed)  # noqa: S311  nothing here is secret
    names = dice.sample(sorted(_VALUES), dice.randint(1, len(_VALUES)))
    found = {name: dice.choice(_VALUES[name]) for name in names}
    for _ in range(dice.randint(0, 3)):
        name = "".join(dice.choices(string.ascii_uppercase, k=6))
        found[name] = "".join(dice.choices(string.printable, k=20))
    return found


def few_modules(data: dict[str, Any]) -> None:
    """Leave the modules of the baseline that rules act on: each costs time in every shell."""
    few = ["PrgEnv-intel", "craype-haswell", "cray-mpich", "craype-hugepages2M", "darshan"]
    assert set(few) <= set(data["modules"]["baseline"])
    data["modules"]["baseline"] = few


@pytest.mark.parametrize("tool", TOOLS)
def test_one_environment_and_one_key(tool: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hundred random shells give the very same captured environment and the very same key."""
    cray = make_cray(tmp_path, tool, None)
    sites = cray.changed_site("few", few_modules)
    prefix = make_prefix(tmp_path / "env", "pip-24.0-0")
    places = Places(
        recipes=(shipped("recipes"),), sites=(str(sites), shipped("sitecfg")),
        channel=str(tmp_path / "channel"), cache=str(tmp_path / "cache"), site="cori",
    )  # fmt: skip
    request = Request(specs=(parse_spec("mpi4py"),), prefix=str(prefix))
    environments, keys = set(), set()
    for seed in range(SHELLS[tool]):
        environ = polluted(seed)
        with monkeypatch.context() as patch:
            for name, value in environ.items():
                patch.setenv(name, value)
            settings = Settings(places=places, environ=environ, command="pybuild")
            plan = prepare(request, settings)
        (package,) = [p for p in plan.packages if p.name == "mpi4py"]
        keys.add(package.key)
        environments |= {capture.environment for capture in settings.captures.values()}
    assert len(keys) == 1
    assert len(environments) == 1
    ((environment),) = environments
    assert dict(environment)["PE_ENV"] == "GNU"
    assert "craype-hugepages" not in dict(environment)["LOADEDMODULES"]
