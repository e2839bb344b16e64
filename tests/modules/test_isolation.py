"""Nothing of the caller's shell or home reaches the captured environment, and nothing is left behind."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pybuild import process
from pybuild.model.modules import Capture
from pybuild.modules.capture import capture
from tests.modules.tools import Bench, step, values

ROOT = Path(__file__).parent.parent.parent
SHELLS = {"five": 80, "old": 40, "lmod": 80}
"""How many random shells each tool is started from: two hundred in all."""

CHILD = """
import sys
from pybuild.model.modules import ModulePlan
from pybuild.modules.capture import capture
tool, init, folder = sys.argv[1:]
plan = ModulePlan(site="toy", tool=tool, init=(init,), folders=(folder,), baseline=("PrgEnv-gnu",))
print(capture(plan, keep={"USER": "somebody"}).environment)
"""


def small(bench: Bench, keep: dict[str, str] | None = None) -> Capture:
    """Make an environment that would show another programming environment, folder, start-up file or path."""
    more = bench.folder.parent / "folders"
    more.write_text(f"export MODULEPATH={bench.folder}\n")
    plan = bench.plan(step("choose", "PrgEnv-gnu"), init=(bench.tool.init, str(more)), folders=())
    return capture(plan, keep=keep)


def pollution(chance: random.Random, trap: Path) -> dict[str, str]:
    """Return what a lived-in shell has set, a random part of it."""
    folder = str(trap.parent)
    everything = {
        "LD_PRELOAD": "libm.so.6",
        "LD_LIBRARY_PATH": f"{folder}:/opt/other/lib",
        "BASH_ENV": str(trap),
        "ENV": str(trap),
        "CDPATH": f"{folder}:/",
        "IFS": chance.choice((":", "/", " ")),
        "SHELLOPTS": chance.choice(("xtrace", "errexit:nounset", "noglob")),
        "BASHOPTS": chance.choice(("nocasematch", "nullglob:dotglob", "failglob")),
        "POSIXLY_CORRECT": "1",
        "GLOBIGNORE": "*",
        "TZ": "Asia/Tokyo",
        "LANG": "de_DE.UTF-8",
        "LC_ALL": "tr_TR.UTF-8",
        "TERM": chance.choice(("xterm", "dumb")),
        "USER": chance.choice(("ann", "ben")),
        "LOGNAME": "cat",
        "HOSTNAME": "nid00012",
        "PATH": chance.choice((f"{folder}:/usr/bin:/bin", "/usr/local/bin:/usr/bin:/bin:.")),
        "PS4": "$(touch /tmp/never)",
        "PROMPT_COMMAND": "false",
        "BASH_FUNC_module%%": "() { echo wrong; }",
        "BASH_FUNC_printf%%": "() { echo wrong; }",
        "BASH_FUNC_ml%%": "() { echo wrong; }",
        "LOADEDMODULES": chance.choice(("PrgEnv-cray/6.0.5", "PrgEnv-gnu/6.0.5:PrgEnv-intel/6.0.5", "")),
        "_LMFILES_": "/opt/modulefiles/PrgEnv-cray/6.0.5",
        "MODULEPATH": chance.choice((folder, "/opt/modulefiles:/opt/cray/modulefiles", "")),
        "MODULESHOME": folder,
        "MODULES_CMD": str(trap),
        "MODULERCFILE": str(trap),
        "MODULES_RUN_QUARANTINE": "PATH",
        "MODULES_SET_SHELL_STARTUP": "1",
        "MODULES_VERBOSITY": chance.choice(("silent", "debug2")),
        "MODULES_AUTO_HANDLING": "0",
        "__MODULES_LMCONFLICT": "PrgEnv-cray/6.0.5&PrgEnv-gnu",
        "__MODULES_LMINIT": f"module use {folder}",
        "LMOD_CMD": str(trap),
        "LMOD_RC": str(trap),
        "LMOD_MODULERCFILE": str(trap),
        "LMOD_PAGER": "cat",
        "LMOD_TRACING": "yes",
        "LMOD_SYSTEM_DEFAULT_MODULES": "PrgEnv-cray",
        "_ModuleTable001_": "X01vZHVsZVRhYmxlXyA9IHt9",
        "_ModuleTable_Sz_": "1",
        "CONDA_PREFIX": "/opt/conda",
        "CONDA_DEFAULT_ENV": "base",
        "VIRTUAL_ENV": "/opt/venv",
        "PYTHONPATH": folder,
        "PYTHONSTARTUP": str(trap),
        "PYTHONHOME": "/opt/python",
        "CFLAGS": "-O0 -march=native",
        "TCLLIBPATH": folder,
        "TCL_LIBRARY": folder,
        "LUA_PATH": f"{folder}/?.lua",
        "LUA_INIT": "error('wrong')",
        f"ODD_{chance.randrange(1000)}": chance.choice(("a\nb", "é", "'", '"', "$(id)")),
    }
    return dict(chance.sample(sorted(everything.items()), chance.randrange(3, len(everything))))


@pytest.fixture
def trap(tmp_path: Path) -> Callable[[], bool]:
    """Return a function that says whether the file at ``trap/file`` was ever run by a shell."""
    folder = tmp_path / "trap"
    folder.mkdir()
    (folder / "file").write_text(f"touch {folder}/sprung; export TRAPPED=yes\n")
    (folder / "file").chmod(0o755)
    return (folder / "sprung").exists


def test_two_hundred_shells_give_one_environment(
    bench: Bench, tmp_path: Path, trap: Callable[[], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Byte for byte, in order, whatever was loaded, activated, exported or preloaded."""
    first = small(bench)
    home = str(tmp_path / "trap")
    for number in range(SHELLS[bench.tool.name]):
        with monkeypatch.context() as patch:
            chance = random.Random(number)  # noqa: S311, nothing secret
            shell = pollution(chance, tmp_path / "trap" / "file")
            for name in list(os.environ):
                if name not in ("PYTHONPATH", "HOME"):
                    patch.delenv(name)
            for name, value in {**shell, "HOME": home}.items():
                patch.setenv(name, value)
            patch.chdir(chance_folder(number, tmp_path))
            again = small(bench, keep=shell)
        assert again == first, (number, shell)
    assert not trap()
    assert sum(SHELLS.values()) == 200


def chance_folder(number: int, tmp_path: Path) -> Path:
    """Return one of two current folders."""
    return tmp_path if number % 2 else Path("/")


def test_a_polluted_parent_process_gives_the_same(
    bench: Bench, tmp_path: Path, trap: Callable[[], bool]
) -> None:
    """The whole program is started from the shell: preloaded library, exported functions, start-up file."""
    base = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    hurt = {
        "LD_PRELOAD": "libm.so.6", "BASH_ENV": str(tmp_path / "trap" / "file"),
        "LOADEDMODULES": "PrgEnv-cray/6.0.5", "BASH_FUNC_module%%": "() { echo wrong; }",
        "MODULEPATH": "/opt/x", "LMOD_CMD": "/bin/false",
        "__MODULES_LMINIT": "module use /opt/x", "CDPATH": "/", "HOME": str(tmp_path), "LC_ALL": "C",
    }  # fmt: skip
    (tmp_path / ".bashrc").write_text("export TRAPPED=yes\n")
    argv = (sys.executable, "-c", CHILD, bench.tool.kind, bench.tool.init, str(bench.folder))
    plain, polluted = (process.capture(argv, env=env) for env in (base, {**base, **hurt}))
    assert plain.code == polluted.code == 0, plain.err + polluted.err
    assert "PrgEnv-gnu/6.0.5" in plain.out
    assert plain.out == polluted.out
    assert not trap()


def test_no_file_of_the_home_is_read_or_written(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither start-up files nor the tools' own settings, collections and caches."""
    home = tmp_path / "house"
    for name in (".bashrc", ".bash_profile", ".profile", ".modulesbeginenv"):
        write(home / name, "export TRAPPED=yes\n")
    write(
        home / ".modulerc",
        "#%Module\nmodule-version PrgEnv-gnu/6.0.5 wrong\nmodule-alias PrgEnv-gnu PrgEnv-cray\n",
    )
    write(home / ".module" / "default", "module load PrgEnv-cray\n")
    write(home / ".config" / "lmod" / "default", "error\n")
    write(home / ".lmod.d" / "default", "error\n")
    before = sorted(home.rglob("*"))
    monkeypatch.setenv("HOME", str(home))
    found = small(bench)
    bench.refusal(step("load", "no-such-module"))
    assert found.loaded == ("PrgEnv-gnu/6.0.5",)
    assert "TRAPPED" not in values(found)
    assert sorted(home.rglob("*")) == before
    assert not Path("/nonexistent").exists()


def write(path: Path, text: str) -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_modulefiles_may_ask_who_the_user_is(bench: Bench) -> None:
    """USER and LOGNAME reach them; they and the shell's own variables are not in the result."""
    bench.write("who/1", "setenv SCRATCH /scratch/$env(USER)-$env(LOGNAME)")
    keep = {"USER": "ann", "LOGNAME": "ann", "SECRET": "x", "HOME": "/home/ann"}
    captured = dict(capture(bench.plan(step("load", "who")), keep=keep).environment)
    assert captured["SCRATCH"] == "/scratch/ann-ann"
    housekeeping = {
        "PWD",
        "OLDPWD",
        "SHLVL",
        "_",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "TERM",
        "SECRET",
        "LMOD_SHORT_TIME",
    }
    assert not housekeeping & captured.keys()
    assert list(captured) == sorted(captured)
