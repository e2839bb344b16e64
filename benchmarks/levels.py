"""The cases ``levels*``: mpi4py compiled at several levels of optimisation, and what two ranks make of it."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from peers import Peer

if TYPE_CHECKING:
    from cases import Case
    from lab import Lab

LEVELS = ("-O3", "-O2", "-O1")
"""The first is what the Python was compiled with, and the recipe leaves alone."""

_MESSAGES = """
import sys
from mpi4py import MPI
size, count = int(sys.argv[1]), int(sys.argv[2])
world = MPI.COMM_WORLD
buffer, other = bytearray(size), 1 - world.rank
world.Barrier()
for _ in range(count):
    if world.rank:
        world.Recv(buffer, other)
        world.Send(buffer, other)
    else:
        world.Send(buffer, other)
        world.Recv(buffer, other)
"""


def compiled(lab: Lab) -> Case:
    """(h) mpi4py by ``setup.py build`` without debug information, at each level."""
    from cases import Case

    peers = tuple(
        Peer(name=f"-g0 {level}", does="unpack, setup.py build", argv=_argv(lab, level), cwd=lab.root,
             env={**lab.compile_env(lab.env), "CPPFLAGS": f"-g0 {level}"},
             reset=partial(shutil.rmtree, _folder(lab, level), ignore_errors=True))
        for level in LEVELS
    )  # fmt: skip
    return Case(key="levels", title="mpi4py, the compiler's levels", unit=peers[0].name, peers=peers, aims={},
                most=1, warm=False)  # fmt: skip


def latency(lab: Lab) -> Case:
    """(h) two ranks that send each other many small messages."""
    return _messages(lab, "levels-latency", "100,000 times 8 bytes there and back", 8, 100_000)


def bandwidth(lab: Lab) -> Case:
    """(h) two ranks that send each other large messages."""
    return _messages(lab, "levels-bandwidth", "2,000 times 1 MiB there and back", 1 << 20, 2_000)


def _messages(lab: Lab, key: str, title: str, size: int, count: int) -> Case:
    from cases import Case

    script = lab.root / "messages.py"
    script.write_text(_MESSAGES)
    python = str(lab.prefix / "bin/python")
    peers = tuple(
        Peer(name=f"compiled with {level}", does="two ranks under mpiexec",
             argv=(f"{lab.prefix}/bin/mpiexec", "-n", "2", python, str(script), str(size), str(count)),
             env={**lab.env, "PYTHONPATH": str(_made(lab, level))}, cwd=lab.root)
        for level in LEVELS
    )  # fmt: skip
    return Case(key=key, title=title, unit=peers[0].name, peers=peers, aims={}, runs=3)


def _made(lab: Lab, level: str) -> Path:
    """Return the folder with the compiled package; it is compiled now if it never was."""
    if not list(_folder(lab, level).glob("build/lib*/mpi4py/MPI.*.so")):
        lab.say(f"compiling mpi4py with {level}")
        env = {**lab.compile_env(lab.env), "CPPFLAGS": f"-g0 {level}"}
        shutil.rmtree(_folder(lab, level), ignore_errors=True)
        lab.run(f"level{level}", _argv(lab, level), env)
    (made,) = _folder(lab, level).glob("build/lib*")
    return made


def _argv(lab: Lab, level: str) -> tuple[str, ...]:
    from cases import as_script

    folder = str(_folder(lab, level))
    return as_script(
        ("mkdir", "-p", folder),
        ("tar", "-xf", str(lab.source), "-C", folder, "--strip-components=1"),
        ("cd", folder),
        (f"{lab.prefix}/bin/python", "setup.py", "build"),
    )


def _folder(lab: Lab, level: str) -> Path:
    return lab.root / f"level{level}"
