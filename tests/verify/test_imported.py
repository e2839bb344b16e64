"""The level imported: in a child, in a clean environment, without starting MPI."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pybuild.errors import VerificationError
from pybuild.verify.imported import check_imported

from .conftest import Compile

ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}

Write = Callable[[str, str], str]

MPI_THAT_REMEMBERS = """
static int started;
int MPI_Init(int *a, char ***b) { started = 1; return 0; }
int MPI_Initialized(int *flag) { *flag = started; return 0; }
"""
MPI_THAT_ABORTS = """
#include <stdio.h>
#include <stdlib.h>
static int refuse(const char *name) { fprintf(stderr, "%s was called\\n", name); abort(); }
int MPI_Init(int *a, char ***b) { return refuse("MPI_Init"); }
int MPI_Init_thread(int *a, char ***b, int c, int *d) { return refuse("MPI_Init_thread"); }
int PMPI_Init(int *a, char ***b) { return refuse("PMPI_Init"); }
int PMPI_Init_thread(int *a, char ***b, int c, int *d) { return refuse("PMPI_Init_thread"); }
"""


@pytest.fixture
def environment_python(tmp_path: Path, python: str) -> str:
    """Return the interpreter of a fresh environment with its own site-packages."""
    subprocess.run([python, "-m", "venv", "--without-pip", str(tmp_path / "env")], check=True)
    return str(tmp_path / "env/bin/python")


@pytest.fixture
def write(tmp_path: Path, environment_python: str) -> Write:
    """Return a function that puts a module into the environment and returns the interpreter."""
    (site,) = (tmp_path / "env/lib").glob("python*/site-packages")

    def put(name: str, text: str) -> str:
        (site / f"{name}.py").write_text(text)
        return environment_python

    return put


def starter(library: Path, call: str = "MPI_Init(None, None)") -> str:
    """Return the text of a module that starts MPI as C code does, without mpi4py."""
    return f"import ctypes\nctypes.CDLL({str(library)!r}, mode=ctypes.RTLD_GLOBAL).{call}\n"


def test_modules_of_the_prefix_import(write: Write) -> None:
    """Modules of the prefix's own site-packages are seen, in order, and printing does not disturb."""
    write("one", "print('noise without end of line', end='')\nimport sys; sys.stderr.write('more')\n")
    python = write("two", "import sys; assert 'one' in sys.modules\n")
    report = check_imported(python, ["one", "two"], ENVIRONMENT)
    assert (report.modules, report.python) == (("one", "two"), python)


def test_nothing_else_is_seen(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the working directory, PYTHONPATH, nor the user's site-packages can make an import pass."""
    python = write("real", "")
    for name in ("cwd", "path", "user"):
        (tmp_path / name).mkdir()
    version = "python" + ".".join(os.path.realpath(python).rpartition("python")[2].split(".")[:2])
    user = tmp_path / "user/lib" / version / "site-packages"
    user.mkdir(parents=True)
    for folder in (tmp_path / "cwd", tmp_path / "path", user):
        (folder / "stray.py").write_text("")
    monkeypatch.chdir(tmp_path / "cwd")
    polluted = {
        **ENVIRONMENT,
        "PYTHONPATH": str(tmp_path / "path"),
        "PYTHONUSERBASE": str(tmp_path / "user"),
    }
    with pytest.raises(VerificationError, match="No module named 'stray'"):
        check_imported(python, ["stray"], polluted)


def test_the_users_own_modules_are_not_seen(python: str, tmp_path: Path) -> None:
    """A module under ``~/.local`` that a user could import does not make a check pass."""
    base = os.path.realpath(python)
    environment = {**ENVIRONMENT, "HOME": str(tmp_path)}
    site = subprocess.run(
        [base, "-c", "import site; print(site.getusersitepackages())"],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    os.makedirs(site)
    Path(site, "stray.py").write_text("")
    subprocess.run([base, "-c", "import stray"], env=environment, check=True)
    with pytest.raises(VerificationError, match="No module named 'stray'"):
        check_imported(base, ["stray"], environment)


def test_nothing_is_written_into_the_prefix(write: Write, tmp_path: Path) -> None:
    """An import check leaves no byte-code behind: the prefix keeps exactly its packages' files."""
    python = write("plain", "import plain_too\n")
    write("plain_too", "")
    before = sorted(tmp_path.rglob("*"))
    check_imported(python, ["plain"], ENVIRONMENT)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import no_such_thing\n", "exit code 1"),
        ("raise RuntimeError('libmpi said no')\n", "RuntimeError: libmpi said no"),
        ("import os; os.abort()\n", "ended by SIGABRT"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)\n", "ended by SIGSEGV"),
        ("raise SystemExit(0)\n", "it left before its end with exit code 0"),
        ("import os; os._exit(0)\n", "it left before its end with exit code 0"),
        ("import atexit, os; atexit.register(os.abort)\n", "ended by SIGABRT"),
        ("raise SystemExit(86)\n", "exit code 86"),
    ],
)
def test_every_bad_end_is_an_error_that_says_how(write: Write, text: str, found: str) -> None:
    """An exception, a crash, a signal, an early exit and a crash at exit all fail, with the way it ended."""
    python = write("bad", text)
    with pytest.raises(VerificationError, match=found) as caught:
        check_imported(python, ["bad"], ENVIRONMENT)
    assert "importing bad with" in caught.value.message


def test_a_hang_is_ended(write: Write) -> None:
    """An import that never returns ends at the time limit, and the error says so."""
    python = write("slow", "import time; time.sleep(600)\n")
    with pytest.raises(VerificationError, match=r"no end within 1 s"):
        check_imported(python, ["slow"], ENVIRONMENT, timeout=1)


def test_a_python_that_is_missing_is_named(tmp_path: Path) -> None:
    """An interpreter that does not exist is an explained failure."""
    with pytest.raises(VerificationError, match="No such file"):
        check_imported(f"{tmp_path}/python", ["os"], ENVIRONMENT)


def test_a_module_that_starts_mpi_is_named(write: Write, compile_c: Compile, tmp_path: Path) -> None:
    """MPI started by any code, not only mpi4py, is noticed, and the module that did it is named."""
    library = compile_c(tmp_path / "libmpi.so.12", MPI_THAT_REMEMBERS)
    write("innocent", f"import ctypes; ctypes.CDLL({str(library)!r})\n")
    python = write("guilty", starter(library))
    check_imported(python, ["innocent"], ENVIRONMENT)
    with pytest.raises(VerificationError, match="importing guilty started MPI") as caught:
        check_imported(python, ["innocent", "guilty", "innocent"], ENVIRONMENT)
    assert caught.value.hint is not None


def test_mpi4py_is_told_not_to_start_mpi(write: Write) -> None:
    """Both ways to say it, variable and ``mpi4py.rc``, are set before the first module is imported."""
    write("mpi4py", "class rc:\n    initialize = True\n")
    text = (
        "import os, mpi4py\n"
        "assert os.environ['MPI4PY_RC_INITIALIZE'] == '0'\n"
        "assert os.environ['PYTHONNOUSERSITE'] == '1'\n"
        "assert mpi4py.rc.initialize is False\n"
    )
    check_imported(write("probe", text), ["probe"], ENVIRONMENT)


@pytest.mark.parametrize("call", ["MPI_Init(None, None)", "MPI_Init_thread(None, None, 0, None)"])
def test_a_preloaded_library_proves_that_mpi_is_not_started(
    write: Write, compile_c: Compile, tmp_path: Path, call: str
) -> None:
    """With a library that aborts in MPI_Init, a module that starts MPI dies, and others live."""
    trap = {"LD_PRELOAD": str(compile_c(tmp_path / "trap.so", MPI_THAT_ABORTS))}
    python = write("guilty", f"import ctypes\nctypes.CDLL(None).{call}\n")
    write("innocent", "")
    check_imported(python, ["innocent"], {**ENVIRONMENT, **trap})
    with pytest.raises(VerificationError, match="ended by SIGABRT") as caught:
        check_imported(python, ["guilty"], {**ENVIRONMENT, **trap})
    assert f"{call.partition('(')[0]} was called" in caught.value.message


def test_the_environment_is_exactly_the_given_one(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of this process does not reach the child."""
    monkeypatch.setenv("LEAKED", "1")
    check_imported(write("clean", "import os; assert 'LEAKED' not in os.environ\n"), ["clean"], ENVIRONMENT)
