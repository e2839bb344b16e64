"""The login node of a box: whoever starts MPI is ended, whoever does not is not."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from pybuild.box.login_node import make_login_node
from pybuild.process import capture
from tests.box.parts import CLEAN, mpich

CALLS = (
    "MPI_Init(0, 0)",
    "MPI_Init_thread(0, 0, 0, &given)",
    "PMPI_Init(0, 0)",
    "PMPI_Init_thread(0, 0, 0, &given)",
)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the library to preload."""
    return make_login_node(str(tmp_path_factory.mktemp("login")))


def program(folder: Path, body: str) -> tuple[str, dict[str, str]]:
    """Return a program that is linked to a real MPI, and the environment that it runs in."""
    libraries = mpich()
    (folder / "a.c").write_text(
        f"#include <mpi.h>\nint main(void) {{ int given = 0; {body}; return given; }}\n"
    )
    argv = ("gcc", f"-I{libraries.include}", "a.c", "-o", "a", f"-L{libraries.folders[0]}", "-lmpich")
    environ = {**CLEAN, "LD_LIBRARY_PATH": libraries.folders[0]}
    ended = capture(argv, env=environ, cwd=str(folder))
    assert ended.code == 0, ended.err
    return str(folder / "a"), environ


@pytest.mark.parametrize("call", CALLS)
def test_starting_mpi_ends_the_process(node: str, tmp_path: Path, call: str) -> None:
    """With the words of NERSC's page and by SIGABRT, which Python cannot catch."""
    path, environ = program(tmp_path, call)
    ended = capture((path,), env={**environ, "LD_PRELOAD": node})
    assert ended.code == -signal.SIGABRT
    assert "PMI2 init failed: 1" in ended.err
    assert capture((path,), env=environ).code == 0


def test_other_calls_are_left_alone(node: str, tmp_path: Path) -> None:
    """Asking whether MPI was started does not start it."""
    path, environ = program(tmp_path, "MPI_Initialized(&given)")
    ended = capture((path,), env={**environ, "LD_PRELOAD": node})
    assert (ended.code, ended.err) == (0, "")
