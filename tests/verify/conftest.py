"""Parts that the verification tests share: tiny libraries built by the machine's compiler."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

Compile = Callable[..., Path]

INTERPRETER = "bin/python3.11"
PACKAGE = "lib/python3.11/site-packages/mpi4py"
EXTENSION = f"{PACKAGE}/MPI.cpython-311-x86_64-linux-gnu.so"

MPI = "int MPI_Init(int *a, char ***b) { return 0; }\n"
USES_MPI = "int MPI_Init(int *, char ***); int PyInit_MPI(void) { return MPI_Init(0, 0); }\n"


def output(*argv: str, **environment: str) -> str:
    """Run a tool of this machine and return what it prints; its exit code does not matter."""
    child = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", **environment}
    return subprocess.run(argv, env=child, capture_output=True, text=True, check=False).stdout


@pytest.fixture
def compile_c(tmp_path: Path) -> Compile:
    """Return a function that builds a shared object (or whatever ``flags`` say) from C text."""

    def build(
        path: Path, text: str, *libraries: Path, flags: Sequence[str] = ("-shared",), soname: str = ""
    ) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        source = tmp_path / "source.c"
        source.write_text(text)
        named = [f"-Wl,-soname,{soname}"] if soname else []
        # --allow-shlib-undefined: what a library needs in turn is the loader's business, and tested here.
        linking = ["-Wl,--no-as-needed", "-Wl,--allow-shlib-undefined", *map(str, libraries)]
        argv = ["cc", "-fPIC", "-o", str(path), str(source), *flags, *named, *linking]
        subprocess.run(argv, check=True, capture_output=True, text=True)
        return path

    return build


class Prefix:
    """A prefix with an interpreter and an MPI, into which tests put extensions."""

    def __init__(self, root: Path, compile_c: Compile) -> None:
        self.root = root
        self.compile = compile_c
        compile_c(root / INTERPRETER, "int main(void) { return 0; }\n", flags=())
        self.mpi = compile_c(root / "lib/libmpi.so.12", MPI, soname="libmpi.so.12")

    def extension(self, *libraries: Path, runpath: str = "$ORIGIN/../../..", path: str = EXTENSION) -> str:
        """Build an extension that uses MPI and return its path relative to the prefix."""
        flags = ("-shared", f"-Wl,--enable-new-dtags,-rpath,{runpath}")
        self.compile(self.root / path, USES_MPI, *(libraries or (self.mpi,)), flags=flags)
        return path


@pytest.fixture
def prefix(tmp_path: Path, compile_c: Compile) -> Prefix:
    """Return a prefix with an interpreter and libmpi.so.12."""
    return Prefix(tmp_path / "prefix", compile_c)


@pytest.fixture
def python() -> str:
    """Return an interpreter for child processes."""
    return sys.executable
