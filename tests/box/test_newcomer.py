"""A site file that was written from ``docs/sites.md`` alone: ``newcomer.yaml``, a machine called quarz."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pybuild.box.login_node import make_login_node
from pybuild.box.make import make_box
from pybuild.box.records import BoxedSite
from pybuild.load.sites import load_site
from tests.box.parts import MPIEXEC, hdf5, hugetlbfs, init_of, mpich
from tests.end_to_end import toys
from tests.hosts import under

ROOT = Path(__file__).parents[2]
FILE = Path(__file__).with_name("newcomer.yaml")
LOGIN, COMPUTE = "quarz-login3", "q0042"

CORE = """
#include <Python.h>
#include <mpi.h>
static PyObject *ranks(PyObject *self, PyObject *none)
{
    int rank, size, length, seen[64];
    char text[MPI_MAX_LIBRARY_VERSION_STRING];
    MPI_Init(NULL, NULL);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Allgather(&rank, 1, MPI_INT, seen, 1, MPI_INT, MPI_COMM_WORLD);
    MPI_Get_library_version(text, &length);
    MPI_Finalize();
    PyObject *all = PyList_New(size);
    for (int i = 0; i < size; i++) PyList_SetItem(all, i, PyLong_FromLong(seen[i]));
    return Py_BuildValue("iNs", rank, all, text);
}
static PyMethodDef methods[] = {{"ranks", ranks, METH_NOARGS, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_core", NULL, -1, methods};
PyMODINIT_FUNC PyInit__core(void) { return PyModule_Create(&module); }
"""
"""A toy whose ranks tell each other their numbers."""

RANKS = """\
import json
from toyext import _core
rank, seen, library = _core.ranks()
if rank == 0:
    print(json.dumps({"size": len(seen), "ranks": sorted(seen), "library": library}))
"""


@dataclass(frozen=True)
class Quarz:
    """A user's shell on the imitated machine."""

    root: Path
    box: BoxedSite

    def run(
        self, *argv: str, host: str = LOGIN, sites: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run ``pybuild`` under a host name of the machine; on login nodes, whoever starts MPI is ended."""
        asked = ("PIP_", "SSL_CERT")
        inherited = {name: value for name, value in os.environ.items() if name.startswith(asked)}
        links = f"{self.root / 'links'} {inherited.get('PIP_FIND_LINKS', '')}".strip()
        environ = {
            **inherited, "PIP_FIND_LINKS": links, "HOME": str(self.root / "home"), "PYTHONPATH": str(ROOT),
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "CLUSTER_NAME": "quarz",
        }  # fmt: skip
        preload = [f"LD_PRELOAD={self.root / 'abort_in_mpi_init.so'}"] if host == LOGIN else []
        places = ["--sites", str(sites or self.box.sites)]
        command = ["env", *preload, sys.executable, "-m", "pybuild", *argv, *places]
        return subprocess.run(
            under(host, command), env=environ, cwd=self.root, capture_output=True, text=True, timeout=300,
            check=False,
        )  # fmt: skip

    def done(self, *argv: str, host: str = LOGIN) -> str:
        """Run ``pybuild``, which must succeed, and return all that it said."""
        ended = self.run(*argv, "--channel", "channel", "--cache", "cache", host=host)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def quarz(tmp_path_factory: pytest.TempPathFactory) -> Quarz:
    """Return the machine in a box, with Lmod as the file says."""
    root = tmp_path_factory.mktemp("quarz")
    (root / "home").mkdir()
    (root / "written").mkdir()
    # The machine that runs the tests may have no Python but the one that the site refuses.
    text = FILE.read_text()
    text = text.replace("/usr/bin/python*", "/usr/bin/python2*") if sys.base_prefix == "/usr" else text
    (root / "written/quarz.yaml").write_text(text)
    box = make_box(
        load_site(str(root / "written/quarz.yaml")), str(root / "box"), tool="lmod",
        init=init_of("lmod", root), mpi=mpich(), hdf5=hdf5(), hugetlbfs=hugetlbfs(), launcher=MPIEXEC,
    )  # fmt: skip
    make_login_node(str(root))
    return Quarz(root, box)


@pytest.fixture(scope="module")
def installed(quarz: Quarz) -> Path:
    """Return a prefix in which the login node has installed the toy; its site was detected, not named."""
    (quarz.root / "links").mkdir()
    for name in ("toyext", "toytwo"):
        file = toys.sdist(name, "1.0", {"core.c": CORE})
        recipe = quarz.root / "recipes" / name
        recipe.mkdir(parents=True)
        (recipe / "recipe.yaml").write_text(toys.extension_recipe(file))
        (recipe / "ranks.py").write_text(RANKS)
        (quarz.root / "links" / file.name).write_bytes(file.body)
    assert "verified: imported" in quarz.done("install", "toyext", "-p", "env", "-y", "--recipes", "recipes")
    return quarz.root / "env"


def test_the_file_is_short() -> None:
    """A machine with two targets, three providers and two rules is told in under 60 lines."""
    assert len(FILE.read_text().splitlines()) < 60


def test_lint_finds_nothing(quarz: Quarz) -> None:
    """Neither errors nor warnings."""
    ended = quarz.run("site", "lint", "quarz", sites=quarz.root / "written")
    assert (ended.returncode, ended.stdout) == (0, "")
    assert "1 site, no error, no warnings" in ended.stderr


@pytest.mark.parametrize(("host", "kind"), [(LOGIN, "login"), (COMPUTE, "compute")])
def test_its_nodes_are_told_apart(quarz: Quarz, host: str, kind: str) -> None:
    """By their host names, also where those have a domain."""
    for name in (host, f"{host}.quarz.example"):
        found = json.loads(quarz.run("site", "detect", "--json", host=name).stdout)
        assert (found["site"], found["node"]) == ("quarz", kind)


def test_its_operations_do_what_they_say(quarz: Quarz) -> None:
    """Each target and provider, tried with the real Lmod in the box; the root of HDF5 is a folder."""
    rows: list[dict[str, Any]] = json.loads(quarz.run("site", "test", "quarz", "--json").stdout)
    assert [row for row in rows if not row["ok"]] == []
    said = "\n".join(f"{row['combination']}: {row['what']}: {row['sentence']}" for row in rows)
    assert "target gpu, compiler gnu, mpi cray-mpich, for builds: load craype-accel-nvidia80: loaded" in said
    assert "unload craype-hugepages2M: unloaded" in said
    assert "root ${{ env.HDF5_DIR }}" in said


def test_simulate_does_the_same(quarz: Quarz) -> None:
    """An admin who has only the file, and whatever module tool the desk has, sees all checks pass."""
    ended = quarz.run("site", "test", "quarz", "--simulate", sites=quarz.root / "written")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "FAIL" not in ended.stdout
    assert "checks, all as they should be" in ended.stderr


def test_the_toy_is_built_as_the_site_says(installed: Path) -> None:
    """With PrgEnv-gnu in place of PrgEnv-cray, and neither huge pages nor darshan loaded."""
    log = (installed / "share/pybuild/toyext/build.log").read_text()
    modules = log.split("LOADEDMODULES=")[1].splitlines()[0]
    assert "PrgEnv-gnu" in modules
    assert "PE_ENV=GNU" in log
    assert not any(word in modules for word in ("PrgEnv-cray", "hugepages", "darshan"))


def test_the_toy_links_the_machines_mpi(quarz: Quarz, installed: Path) -> None:
    """The MPI of the box and nothing that the file keeps out."""
    needed, linked = libraries(installed)
    assert "[libmpi" in needed
    assert quarz.box.mpi in linked
    assert "hugetlbfs" not in needed
    assert "darshan" not in needed


def test_the_compute_node_proves_the_ranks(quarz: Quarz, installed: Path) -> None:
    """Two ranks are started under a compute node's name; the login node was not allowed to."""
    said = quarz.done("verify", "toyext", "-p", str(installed), host=COMPUTE)
    assert "toyext: verify: ranked" in said


def test_a_second_package_joins_the_first(quarz: Quarz, installed: Path) -> None:
    """The prefix has the site's MPI already, whose version only the module tells: it is the same MPI."""
    said = quarz.done("plan", "toytwo", "-p", str(installed), "--recipes", "recipes")
    assert "mpi: cray-mpich" in said


def test_the_second_target_links_for_its_accelerator(quarz: Quarz, installed: Path) -> None:
    """``--target gpu`` brings the target's own flags and with them what passes GPU buffers."""
    quarz.done("install", "toyext", "-p", "gpu", "-y", "--recipes", "recipes", "--target", "gpu")
    log = (quarz.root / "gpu/share/pybuild/toyext/build.log").read_text()
    assert "cc -target-accel=nvidia80 -shared" in log
    assert "[libmpi_gtl_cuda" in libraries(quarz.root / "gpu")[0]
    assert "[libmpi_gtl_cuda" not in libraries(installed)[0]


def libraries(prefix: Path) -> tuple[str, str]:
    """Return what the toy's extension names as needed, and where the dynamic loader finds it."""
    (extension,) = prefix.glob("lib/python3*/site-packages/toyext/_core.*.so")
    needed = subprocess.run(["readelf", "-d", extension], check=True, capture_output=True, text=True)
    linked = subprocess.run(["ldd", extension], check=True, capture_output=True, text=True)
    return needed.stdout, linked.stdout
