"""The modules beside test scripts, run for real: Debian's MPICH, a small C library that links it, two ranks.

What needs mpi4py as well is among the tests of h5py, which build it.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pybuild.errors import VerificationError
from pybuild.model.plan import PlannedCheck
from pybuild.model.recipe import HARNESS
from pybuild.verify.harness import harness_of
from pybuild.verify.ranked import RankReport, check_ranked
from tests.debs import unpacked
from tests.h5py.machine import lay_out_mpich

ROOT = Path(__file__).parents[2]
OLD = ("libffi7", "libpython2.7-minimal", "libpython2.7-stdlib", "python2.7-minimal")

HEAD = """\
from pybuild_library import Library, run_library
from pybuild_ranks import agreed, check, row, rows_in_one_file, shared_folder

class ToyGrid(Library):
    file = "libtoygrid.so"

"""
TAIL = """

if __name__ == "__main__":
    run_library(ToyGrid, use)
"""
SUM = """
def use(library):
    total = library.integer("toygrid_sum", library.world, library.Get_rank() + 1)
    check(total == 3, "the sum is %d" % total)
    check(library.integer("toygrid_sum", library.alone, 5) == 5, "alone is not alone")
    check(library.allgather({"rank": library.Get_rank()}) == [{"rank": 0}, {"rank": 1}], "who is there")
    check(library.bcast(library.Get_rank()) == 0, "rank 0 is not heard")
    return {"toygrid": "1.0"}
"""


class Place(NamedTuple):
    """A prefix with the library, and what starts its Python and ranks."""

    prefix: Path
    mpiexec: Path
    environment: dict[str, str]

    def start(
        self, use: str, *launcher: str, ranks: int = 2, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a script with this ``use`` by two ranks, or as the launcher says."""
        argv = (
            *(launcher or (str(self.mpiexec), "-n", "2")),
            str(self.prefix / "bin/python"),
            self.write(use),
        )
        env = {**self.environment, "PYBUILD_RANKS": str(ranks), "PYTHONDONTWRITEBYTECODE": "1", **environ}
        return subprocess.run(
            argv, env=env, cwd=self.prefix, text=True, capture_output=True, check=False, timeout=60
        )

    def write(self, use: str) -> str:
        """Write a script and what it imports into the prefix's share; return its path."""
        share = self.prefix / "share/pybuild/toygrid"
        share.mkdir(parents=True, exist_ok=True)
        text = HEAD + textwrap.dedent(use) + TAIL
        (share / "together.py").write_text(text)
        for name, module in harness_of([text]).items():
            (share / name).write_text(module)
        return str(share / "together.py")


@pytest.fixture(scope="session")
def mpich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Debian's MPICH in a folder of its own."""
    folder = tmp_path_factory.mktemp("opt") / "mpich"
    lay_out_mpich(folder)
    return folder


@pytest.fixture(scope="session", params=["this Python", "Python 2.7"])
def place(request: pytest.FixtureRequest, mpich: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A prefix of the tests' own Python, and one of Debian's last Python 2.7."""
    prefix = tmp_path_factory.mktemp("prefix")
    (prefix / "bin").mkdir()
    (prefix / "lib").mkdir()
    source = Path(__file__).with_name("toygrid.c")
    argv = [mpich / "bin/mpicc", "-shared", "-fPIC", "-o", prefix / "lib/libtoygrid.so", source]
    subprocess.run(argv, check=True)
    environment = {"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path_factory.mktemp("scratch"))}
    if request.param == "this Python":
        base = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
        (prefix / "bin/python").symlink_to(base)
        (prefix / "pyvenv.cfg").write_text(f"home = {os.path.dirname(base)}\n")
    else:
        old = unpacked(*OLD, release="bullseye") / "usr"
        (prefix / "bin/python").symlink_to(old / "bin/python2.7")
        (prefix / "lib/python2.7").symlink_to(old / "lib/python2.7")
        environment |= {
            "PYTHONHOME": str(prefix),
            "LD_LIBRARY_PATH": str(old / "lib/x86_64-linux-gnu"),
        }
    return Place(prefix, mpich / "bin/mpiexec", environment)


def judged(place: Place, use: str) -> RankReport:
    """Return what pybuild itself makes of a script's ranks."""
    place.write(use)
    check = PlannedCheck(
        level="ranked", name="ranks", script="${{ prefix }}/share/pybuild/toygrid/together.py", ranks=2,
        launcher=(str(place.mpiexec), "-n", "${{ ranks }}"),
    )  # fmt: skip
    return check_ranked(check, str(place.prefix / "bin/python"), str(place.prefix), place.environment, 60)


def test_ranks_that_agree(place: Place) -> None:
    """Both ranks use the library, and the judge is content; what ``use`` returns stands in the report."""
    report = judged(place, SUM)
    assert (report.size, report.ranks) == (2, (0, 1))
    assert report.library.startswith("MPICH Version")
    said = json.loads(place.start(SUM).stdout)
    assert said == {"size": 2, "ranks": [0, 1], "library": report.library, "toygrid": "1.0"}


def test_a_rank_that_fails_ends_the_job(place: Place) -> None:
    """The other one waits in a collective call and is ended; the sentence is seen, and whose it is."""
    use = """
        def use(library):
            check(library.Get_rank() == 0, "found something wrong")
            library.Barrier()
    """
    started = time.monotonic()
    ran = place.start(use)
    assert ran.returncode == 1
    assert "together: rank 1: found something wrong\n" in ran.stderr
    assert ran.stdout == ""
    assert time.monotonic() - started < 30
    with pytest.raises(VerificationError, match=r"(?s)exit code 1.*rank 1: found something wrong"):
        judged(place, use)


def test_any_error_is_told_with_its_kind(place: Place) -> None:
    """A text such as that of a KeyError alone would say nothing; a failed call names function and code."""
    ran = place.start("def use(library): return {}['missing']\n")
    assert "together: rank 0: KeyError: 'missing'" in ran.stderr
    ran = place.start("def use(library): library.call('MPI_Abi_unknown')\n")
    assert "rank 0: AttributeError: " in ran.stderr
    assert "MPI_Abi_unknown" in ran.stderr
    refuse = "def use(library): library.call('MPI_Comm_set_errhandler', library.world, 0)\n"
    assert place.start(refuse).returncode != 0


def test_processes_that_know_nothing_of_each_other(place: Place) -> None:
    """Each believes to be rank 0 of 1: told without a call of MPI_Abort, whose noise would cover it."""
    ran = place.start(SUM, "env")
    told = "sees 1 rank(s), the launcher was asked for 2: the launcher and libtoygrid.so do not belong to"
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == f"together: rank 0: {told} the same MPI\n"


def test_a_job_of_another_size(place: Place) -> None:
    """Two ranks where three were asked for."""
    ran = place.start(SUM, ranks=3)
    assert ran.returncode == 1
    assert "sees 2 rank(s), the launcher was asked for 3" in ran.stderr


@pytest.mark.parametrize("text", ["", "two", "0"])
def test_a_number_of_ranks_is_needed(place: Place, text: str) -> None:
    """MPI is not even started without it."""
    ran = place.start(SUM, "env", PYBUILD_RANKS=text)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == f"PYBUILD_RANKS is {text!r}, expected the number of ranks\n"


def test_a_library_that_is_not_there(place: Place) -> None:
    """Nothing was started, so no rank is named."""
    ran = place.start("ToyGrid.file = 'libabsent.so'\nuse = None\n", "env")
    assert ran.returncode == 1
    assert ran.stderr.startswith("together: OSError: ")
    assert "libabsent.so" in ran.stderr


def test_ranks_that_the_library_tells(place: Place) -> None:
    """They stand in the report, and must be all and distinct."""
    assert json.loads(place.start("def use(library): return {'ranks': [1, 0]}\n").stdout)["ranks"] == [1, 0]
    ran = place.start("def use(library): return {'ranks': [0, 0]}\n")
    assert ran.returncode == 1
    assert "ranks are not distinct: [0, 0]" in ran.stderr


def test_what_must_be_the_same_everywhere(place: Place) -> None:
    """A value that differs is told with all values."""
    ran = place.start("def use(library): agreed(library, 'the version', 7 + library.Get_rank())\n")
    assert "the version differs between the ranks: [7, 8]" in ran.stderr


def test_a_folder_that_all_ranks_see(place: Place, tmp_path: Path) -> None:
    """Scratch comes before the temporary folder and both before the prefix; afterwards the folder is gone."""
    use = """
        import os
        def use(library):
            with shared_folder(library) as folder:
                open(os.path.join(folder, str(library.Get_rank())), "w").close()
                library.Barrier()
                found = sorted(os.listdir(folder))
            check(found == ["0", "1"], "found %r" % found)
            return {"folder": folder}
    """
    said = json.loads(place.start(use, SCRATCH=str(tmp_path)).stdout)
    assert said["folder"].startswith(f"{tmp_path}/pybuild-together-")
    assert list(tmp_path.iterdir()) == []
    said = json.loads(place.start(use, SCRATCH="/proc/nowhere").stdout)
    assert said["folder"].startswith(place.environment["TMPDIR"])
    assert os.listdir(place.environment["TMPDIR"]) == []


ROWS = """
    import json, os
    def use(library):
        rank = library.Get_rank()
        def write(path, row):
            for turn in range(2):
                if turn == rank:
                    with open(path, "a") as file:
                        file.write(json.dumps(CHANGE) + "\\n")
                library.Barrier()
        def read(path, rank):
            with open(path) as file:
                return json.loads(file.read().splitlines()[rank])
        rows_in_one_file(library, write, read, ALONE)
"""


@pytest.mark.parametrize(
    ("change", "alone", "said"),
    [
        ("row", "read", ""),
        ("row[1:] if rank else row", "read", "rank 0: reads other numbers than rank 1 wrote"),
        ("row", "lambda path, rank: row(0)", "rank 0: the file does not hold what the ranks wrote"),
    ],
)
def test_one_file(place: Place, change: str, alone: str, said: str) -> None:
    """Every rank reads the next one's row, and rank 0 all of them; other numbers are told."""
    ran = place.start(ROWS.replace("CHANGE", change).replace("ALONE", alone), SCRATCH="/proc/nowhere")
    assert ran.returncode == (1 if said else 0), ran.stderr
    assert said in ran.stderr
    assert ("together: " in ran.stderr) == bool(said)


def test_only_what_is_imported_is_carried(tmp_path: Path) -> None:
    """A script that does everything itself gets nothing; one of a library gets what that needs too."""
    assert harness_of(["import json\nprint '{}'  # pybuild_ranks\n"]) == {}
    assert set(harness_of(["print 'old'\nfrom pybuild_ranks import check\n"])) == {"pybuild_ranks.py"}
    assert set(harness_of(["def f():\n    import pybuild_library as library\n"])) == set(HARNESS)
    assert harness_of(["import pybuild_ranksx\n"]) == {}


@pytest.mark.parametrize(
    "script", sorted((ROOT / "recipes").glob("*/*.py")), ids=lambda path: path.parent.name
)
def test_recipes_leave_the_protocol_to_the_harness(script: Path) -> None:
    """No script of a recipe counts ranks, reports or ends the job by itself."""
    text = script.read_text()
    for word in ("PYBUILD_RANKS", "MPI_Abort", ".Abort(", "MPI_Get_library_version", "json.dumps"):
        assert word not in text


NEWER = (
    ast.AnnAssign, ast.AsyncFor, ast.AsyncFunctionDef, ast.AsyncWith, ast.Await, ast.JoinedStr, ast.MatMult,
    ast.NamedExpr, ast.Nonlocal, ast.YieldFrom,
)  # fmt: skip
"""Syntax that Python 2.7 does not have."""

NEWER_PARTS: dict[type[ast.AST], Callable[[Any], object]] = {
    ast.arguments: lambda node: node.kwonlyargs or node.posonlyargs,
    ast.arg: lambda node: node.annotation,
    ast.FunctionDef: lambda node: node.returns,
    ast.ClassDef: lambda node: node.keywords,
    ast.Call: lambda node: len(starred(node.args)) > 1,
    ast.Tuple: lambda node: starred(node.elts),
    ast.List: lambda node: starred(node.elts),
    ast.Raise: lambda node: node.cause,
}
"""Syntax -> what of it Python 2.7 does not have."""


def starred(nodes: list[ast.expr]) -> list[ast.expr]:
    return [node for node in nodes if isinstance(node, ast.Starred)]


FOR_OLD = [*(ROOT / "pybuild/verify" / name for name in HARNESS), ROOT / "recipes/mpi4py/ranks_agree.py",
           ROOT / "recipes/h5py/one_file.py"]  # fmt: skip


@pytest.mark.parametrize("path", FOR_OLD, ids=lambda path: path.name)
def test_python_2_can_read_it(path: Path) -> None:
    """Also where no Python 2.7 can be had to run it: nothing in it is newer."""
    assert newer(ast.parse(path.read_text())) == []


def newer(tree: ast.Module) -> list[str]:
    """Return what of a file Python 2.7 would not read."""
    return [
        f"{getattr(node, 'lineno', 0)}: {type(node).__name__}"
        for node in ast.walk(tree)
        if isinstance(node, NEWER) or NEWER_PARTS.get(type(node), lambda node: False)(node)
    ]


@pytest.mark.parametrize(
    "text",
    ["f'{x}'", "def f(*, a): 1", "def f(a: int): 1", "def f() -> int: 1", "x: int = 1", "f(*a, *b)",
     "(*a, 1)", "raise A from b", "class A(metaclass=b): 1", "(x := 1)", "def f():\n yield from a", "a @ b"],
)  # fmt: skip
def test_newer_syntax_is_seen(text: str) -> None:
    """The test before this one can fail."""
    assert newer(ast.parse(text))
