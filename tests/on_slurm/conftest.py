"""A prefix with an extension that is linked to Debian's MPICH, and a site with a login node for it."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from pybuild.model.plan import PackagePlan, PlannedCheck
from tests.debs import unpacked
from tests.slurm import Slurm, slurm

__all__ = ["slurm"]

ROOT = Path(__file__).parents[2]
ARCH = "x86_64-linux-gnu"

_EXTENSION = r"""
#include <Python.h>
#include <mpi.h>
static PyObject *init(PyObject *self, PyObject *none) { MPI_Init(NULL, NULL); Py_RETURN_NONE; }
static PyObject *end(PyObject *self, PyObject *none) { MPI_Finalize(); Py_RETURN_NONE; }
static PyObject *ranks(PyObject *self, PyObject *none)
{
    int rank, size, length, all[64];
    char text[MPI_MAX_LIBRARY_VERSION_STRING];
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Allgather(&rank, 1, MPI_INT, all, 1, MPI_INT, MPI_COMM_WORLD);
    MPI_Get_library_version(text, &length);
    PyObject *list = PyList_New(size);
    for (int i = 0; i < size; i++) PyList_SetItem(list, i, PyLong_FromLong(all[i]));
    return Py_BuildValue("iNs", rank, list, text);
}
static PyMethodDef methods[] = {
    {"init", init, METH_NOARGS, ""}, {"end", end, METH_NOARGS, ""},
    {"ranks", ranks, METH_NOARGS, ""}, {NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "tinympi", 0, -1, methods};
PyMODINIT_FUNC PyInit_tinympi(void) { return PyModule_Create(&module); }
"""

_RANKS = """
import json, os, pathlib, tinympi
tinympi.init()
rank, ranks, library = tinympi.ranks()
pathlib.Path(f"written-by-{rank}").write_text(os.environ.get("SECRET_OF_THE_SHELL", ""))
if rank == 0:
    print(json.dumps({"size": len(ranks), "ranks": ranks, "library": library}))
tinympi.end()
"""

_ABORTS = """
#include <stdio.h>
#include <stdlib.h>
int MPI_Init(int *a, char ***b) { fputs("MPID_Init(647).......:  PMI2 init failed: 1\\n", stderr); abort(); }
"""

SITE = {
    "name": "box",
    "summary": "a machine with login and compute nodes",
    "nodes": {
        "login": {"hostname": platform.node()},
        "compute": {"hostname": "nid[0-9]+", "variables": ["SLURM_JOB_ID"]},
    },
    "path": ["/usr/bin", "/bin"],
    "launcher": {
        "ranks": ["srun", "-n", "${{ ranks }}"],
        "ask": ["salloc", "-N", "1", "-t", "5"],
        "submit": ["sbatch"],
        "directives": ["#SBATCH -N 1", "#SBATCH -t 5"],
        "inside": "SLURM_JOB_ID",
    },
    "failures": [
        {"pattern": "PMI2 init failed", "node": "login", "means": "MPI cannot start on login nodes",
         "cure": "run it in a job"},
        {"pattern": "PMI2 init failed", "node": "compute", "means": "the ranks did not meet in time",
         "cure": "set PMI_MMAP_SYNC_WAIT_TIME=300, or move the environment to a faster file system"},
    ],
}  # fmt: skip


def build_extension(folder: Path, libraries: Path) -> Path:
    """Build the module ``tinympi`` against the MPICH below ``libraries`` and return its file."""
    source = folder / "tinympi.c"
    source.write_text(_EXTENSION)
    file = folder / f"tinympi{sysconfig.get_config_var('EXT_SUFFIX')}"
    lib = libraries / "usr/lib" / ARCH
    include = [f"-I{libraries}/usr/include/{ARCH}/mpich", f"-I{sysconfig.get_paths()['include']}"]
    # The libraries that MPICH needs in turn lie beside it, and have no search path of their own.
    link = [f"-L{lib}", f"-Wl,-rpath,{lib},--disable-new-dtags,--allow-shlib-undefined", "-lmpich"]
    argv = ["cc", "-shared", "-fPIC", "-w", *include, "-o", str(file), str(source), *link]
    subprocess.run(argv, check=True, capture_output=True, text=True)
    return file


@dataclass(frozen=True)
class Box:
    """A prefix whose package ``tinympi`` was installed for the site ``box``, and a shell on its login node.

    Attributes:
        environ: the user's environment; MPI_Init ends every program in it.
    """

    root: Path
    slurm: Slurm
    environ: dict[str, str]

    @property
    def prefix(self) -> Path:
        """The prefix."""
        return self.root / "prefix"

    @property
    def ranks(self) -> Path:
        """The script of the check with ranks."""
        return self.prefix / "share/pybuild/tinympi/ranks.py"

    def pybuild(
        self, *words: str, before: tuple[str, ...] = (), environ: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a pybuild command on the prefix from the login node.

        Args:
            before: argv of a program that runs pybuild.
            environ: changes of the environment.
        """
        argv = [*before, *self.command(*words)]
        environment = self.environ | dict(environ or {})
        return subprocess.run(
            argv, env=environment, cwd=self.root, capture_output=True, text=True, timeout=600, check=False
        )

    def command(self, *words: str) -> list[str]:
        """Return the argv of a pybuild command on the prefix."""
        where = ["--site", "box", "--sites", str(self.root / "sites"), "--cache", str(self.root / "cache")]
        where = where if words[0] in ("verify", "doctor") else []
        prefix = ["-p", str(self.prefix)] if words[0] != "doctor" else []
        return [sys.executable, "-m", "pybuild", *words, *prefix, *where]

    def site(self, **launcher: object) -> None:
        """Write the site file, with changes to its launcher."""
        data = {**SITE, "launcher": {**SITE["launcher"], **launcher}}  # type: ignore[dict-item]
        (self.root / "sites").mkdir(exist_ok=True)
        (self.root / "sites/box.yaml").write_text(yaml.safe_dump(data))

    def listed(self) -> dict[str, Any]:
        """Return what ``pybuild list`` says of the package."""
        (row,) = json.loads(self.pybuild("list", "--json").stdout)
        found: dict[str, Any] = row
        return found

    def launch_with(self, *launcher: str) -> None:
        """Change the launcher that the package was planned with."""
        path = self.prefix / "share/pybuild/tinympi/record.json"
        record = json.loads(path.read_text())
        record["package"]["checks"][-1]["launcher"] = launcher
        path.write_text(json.dumps(record))


@pytest.fixture(scope="session")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The module ``tinympi``, linked to Debian's MPICH."""
    names = ("libhwloc15", "libmpich-dev", "libmpich12", "libnuma1", "libslurm38", "libucx0", "mpich")
    return build_extension(tmp_path_factory.mktemp("extension"), unpacked(*names))


@pytest.fixture(scope="session")
def aborts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that, loaded first, ends every program that starts MPI: what a login node does."""
    folder = tmp_path_factory.mktemp("aborts")
    (folder / "aborts.c").write_text(_ABORTS)
    file = folder / "aborts.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", file, folder / "aborts.c"], check=True)
    return file


@pytest.fixture
def box(tmp_path: Path, slurm: Slurm, extension: Path, aborts: Path) -> Box:
    """A login shell in which MPI cannot start, and a prefix that has the extension at the level ``built``."""
    slurm.wait_for_idle()
    environ = {
        "PATH": "/usr/bin:/bin", "HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT),
        "LD_PRELOAD": str(aborts), "SECRET_OF_THE_SHELL": "leaked", **slurm.environment,
    }  # fmt: skip
    made = Box(tmp_path, slurm, environ)
    _fill(made.prefix, extension)
    made.site()
    return made


def _fill(prefix: Path, extension: Path) -> None:
    """Make a prefix as the installation of one package leaves it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", prefix], check=True)
    packages = next((prefix / "lib").glob("python3*/site-packages"))
    shutil.copy2(extension, packages)
    share = prefix / "share/pybuild/tinympi"
    share.mkdir(parents=True)
    (share / "ranks.py").write_text(_RANKS)
    launcher = tuple(SITE["launcher"]["ranks"])  # type: ignore[index]
    script = "${{ prefix }}/share/pybuild/tinympi/ranks.py"
    checks = (
        PlannedCheck(level="imported", name="import tinympi", imports=("tinympi",)),
        PlannedCheck(
            level="linked", name="tinympi links mpi", module="tinympi", soname="libmpich", virtual="mpi"
        ),
        PlannedCheck(level="ranked", name="ranks", script=script, ranks=2, launcher=launcher),
    )
    package = PackagePlan(
        name="tinympi", version="1.0", build_string="box_0", key="k", loose_key="k", action="build",
        change="new", requested=True, checks=checks,
    )  # fmt: skip
    (share / "record.json").write_text(json.dumps({"package": asdict(package)}))
    files = [path.relative_to(prefix).as_posix() for path in (packages / extension.name, share / "ranks.py")]
    note = {
        "name": "tinympi", "version": "1.0", "build": "box_0", "key": "k", "site": "box", "options": [],
        "identity": [], "requested": True, "level": "built", "highest": "ranked", "demanded": "ranked",
        "proofs": [],
    }  # fmt: skip
    (prefix / "conda-meta/pybuild").mkdir(parents=True)
    (prefix / "conda-meta/history").touch()
    (prefix / "conda-meta/pybuild/tinympi.json").write_text(json.dumps(note))
    record = {"name": "tinympi", "files": files, "paths_data": {"paths": [{"_path": f} for f in files]}}
    (prefix / "conda-meta/tinympi-1.0-box_0.json").write_text(json.dumps(record))
    assert os.path.lexists(prefix / "bin/python")
