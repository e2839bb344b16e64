"""What goes wrong in a job is refused, explained for the place where it happened, and kept."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.on_slurm.conftest import ARCH, Box, build_extension
from tests.slurm import NODE

_TIMES_OUT = """
import sys
sys.stderr.write("MPID_Init(647).......:  PMI2 init failed: 1\\n")
sys.exit(6)
"""


def test_failure_in_a_job_is_explained_for_jobs(box: Box) -> None:
    """The text that means "login node" on a login node means a start-up time-out inside a job."""
    box.ranks.write_text(_TIMES_OUT)
    done = box.pybuild("verify", "--on", "compute")
    assert done.returncode == 11, done.stderr
    assert "the ranks did not meet in time" in done.stderr
    assert "hint: set PMI_MMAP_SYNC_WAIT_TIME=300" in done.stderr
    assert "login nodes" not in done.stderr
    assert box.listed()["level"] == "imported", "what passed before stays proven"


def test_failed_job_leaves_its_failure_and_its_log(box: Box) -> None:
    """A batch job that fails is listed as failed, with the explanation, the cure, its number and its log."""
    box.ranks.write_text(_TIMES_OUT)
    number = _submit(box)
    row = box.listed()
    assert (row["level"], row["job"]["state"], row["job"]["number"]) == ("imported", "failed", number)
    assert "the ranks did not meet in time" in row["job"]["failure"]
    assert row["job"]["hint"].startswith("set PMI_MMAP_SYNC_WAIT_TIME=300")
    assert "PMI2 init failed: 1" in Path(row["job"]["log"]).read_text()
    shown = box.pybuild("info", "tinympi").stdout
    assert f"job {number} failed" in shown
    assert row["job"]["log"] in shown
    assert f"imported, job {number} failed" in box.pybuild("list").stdout


def test_job_that_is_cancelled_says_so(box: Box) -> None:
    """A job that ends by its time limit or by ``scancel`` does not stay "submitted" for ever."""
    box.ranks.write_text("import time\ntime.sleep(100)\n")
    number = box.pybuild("verify", "--submit").stdout.split()[1]
    box.slurm.until(
        lambda: f"{number}.0" in box.slurm.run("squeue", "-h", "-s", "-o", "%i").split(), "step", 240
    )
    box.slurm.run("scancel", number)
    box.slurm.wait(number)
    row = box.listed()
    assert row["job"]["state"] == "failed"
    assert "ended from outside" in row["job"]["failure"]


def test_job_whose_pybuild_cannot_start_says_so(box: Box) -> None:
    """Where the job ends before pybuild can say anything, its exit code and its log are all there is."""
    folder = _broken(box)
    number = box.pybuild("verify", "--submit", environ={"PYTHONPATH": str(folder)}).stdout.split()[1]
    (folder / "pybuild/__main__.py").write_text("raise SystemExit(77)\n")
    box.slurm.run("scontrol", "update", f"nodename={NODE}", "state=resume")
    box.slurm.wait(number)
    row = box.listed()
    assert row["job"]["state"] == "failed"
    assert "exit code 77 before it proved anything" in row["job"]["failure"]


def _broken(box: Box) -> Path:
    """Return a folder with a pybuild that can be broken while a job waits."""
    from shutil import copytree

    from tests.on_slurm.conftest import ROOT

    box.slurm.run("scontrol", "update", f"nodename={NODE}", "state=drain", "reason=test")
    folder = box.root / "checkout"
    for name in ("pybuild", "recipes", "sitecfg"):
        copytree(ROOT / name, folder / name)
    return folder


def test_launcher_of_another_mpi(box: Box) -> None:
    """A srun that does not speak the library's language starts two processes that are each alone: refused."""
    box.launch_with("srun", "--mpi=none", "-n", "${{ ranks }}")
    done = box.pybuild("verify", "--on", "compute")
    assert done.returncode == 11, done.stderr
    assert "2 processes, each alone: the launcher and the library do not belong together" in done.stderr
    assert box.listed()["level"] == "imported"


def test_nodes_that_cannot_be_had(box: Box) -> None:
    """A request that the scheduler refuses ends with its own words, and nothing was proven."""
    done = box.pybuild("verify", "--on", "compute", "--job-options=--partition=none")
    assert done.returncode == 11, done.stderr
    assert "before anything was proven" in done.stderr
    assert "Invalid partition name specified" in done.stderr
    done = box.pybuild("verify", "--submit", "--job-options=--partition=none")
    assert done.returncode == 11, done.stderr
    assert "the job was not taken" in done.stderr
    assert "invalid partition specified: none" in done.stderr
    assert "job" not in box.listed()


def test_interrupted_wait(box: Box) -> None:
    """Ctrl-C while there are no nodes yet ends with 130 and takes the request back; nobody was locked out."""
    box.slurm.run("scontrol", "update", f"nodename={NODE}", "state=drain", "reason=test")
    child = subprocess.Popen(
        box.command("verify", "--on", "compute"),
        env=box.environ,
        cwd=box.root,
        stderr=subprocess.PIPE,
        text=True,
    )
    box.slurm.until(lambda: box.slurm.run("squeue", "-h") != "", "the request", 240)
    assert box.pybuild("verify", "--level", "imported").returncode == 0
    child.send_signal(signal.SIGINT)
    said = child.communicate(timeout=240)[1]
    assert child.returncode == 130, said
    box.slurm.until(lambda: box.slurm.run("squeue", "-h") == "", "the empty queue", 240)
    box.slurm.run("scontrol", "update", f"nodename={NODE}", "state=resume")
    assert box.listed()["level"] == "imported"


@pytest.mark.parametrize(("way", "key"), [(("--on", "compute"), "ask"), (("--submit",), "submit")])
def test_site_that_names_no_way(box: Box, way: tuple[str, ...], key: str) -> None:
    """A site file without the command says so by its key, and what can be done instead."""
    box.site(**{key: ["true"]})
    text = json.loads(json.dumps(box.root.joinpath("sites/box.yaml").read_text()))
    kept = [line for line in text.splitlines() if key not in line and line.strip() != "- 'true'"]
    (box.root / "sites/box.yaml").write_text("\n".join(kept) + "\n")
    done = box.pybuild("verify", *way)
    assert done.returncode == 2, done.stderr
    assert f"launcher.{key}" in done.stderr
    assert "inside an allocation" in done.stderr


def test_prefix_that_compute_nodes_may_only_read(box: Box) -> None:
    """Shared software is read-only on compute nodes: what the job proves there is recorded all the same."""
    wrapper = box.root / "submit"
    mount = f"mount --bind {box.prefix} {box.prefix} && mount -o remount,bind,ro {box.prefix}"
    # The job's script is run in a name space of its own, where the prefix is mounted read-only.
    inner = f'unshare --mount sh -c "{mount} && exec bash $1"'
    wrapper.write_text(
        f"#!/bin/bash\ncat >$1.outer <<.\n#!/bin/bash\n{inner}\n.\nenv >{box.root}/asked\n"
        "exec sbatch -N 1 $1.outer\n"
    )
    wrapper.chmod(0o755)
    box.site(submit=[str(wrapper)], ranks=["srun", "-n", "${{ ranks }}"])
    _submit(box)
    asked = (box.root / "asked").read_text()
    assert "SLURM_CONF" in asked
    assert "SECRET_OF_THE_SHELL" not in asked
    assert "LD_PRELOAD" not in asked
    stored = json.loads((box.prefix / "conda-meta/pybuild/tinympi.json").read_text())
    assert stored["level"] == "built", "the job could not write here"
    row = box.listed()
    assert row["level"] == "ranked", row
    assert "job" not in row
    assert box.pybuild("verify", "--level", "imported").stdout.split() == ["tinympi", "ranked"]
    stored = json.loads((box.prefix / "conda-meta/pybuild/tinympi.json").read_text())
    assert stored["level"] == "ranked", "the next command that may write has taken it in"


def _submit(box: Box) -> str:
    """Submit a job, wait for its end and return its number."""
    done = box.pybuild("verify", "--submit")
    assert done.returncode == 0, done.stderr
    number = done.stdout.split()[1]
    box.slurm.wait(number)
    return number


def test_doctor_explains_a_job_output(box: Box) -> None:
    """``doctor`` says what a known text means in either place or the named one; else it ends with 4."""
    output = box.root / "job.out"
    output.write_text("Fatal error\nMPID_Init(647).......:  PMI2 init failed: 1\n")
    both = box.pybuild("doctor", str(output))
    assert both.returncode == 0, both.stderr
    assert "on a login node: MPI cannot start on login nodes" in both.stdout
    assert "inside a job: the ranks did not meet in time" in both.stdout
    one = json.loads(box.pybuild("doctor", str(output), "--node", "compute", "--json").stdout)
    assert [row["means"] for row in one] == ["the ranks did not meet in time"]
    output.write_text("all is well\n")
    none = box.pybuild("doctor", str(output))
    assert (none.returncode, none.stdout) == (4, "")
    assert box.pybuild("doctor", str(box.root / "nothing")).returncode == 2
    piped = subprocess.run(
        [sys.executable, "-m", "pybuild", "doctor", "-", "--site", "box", "--sites", box.root / "sites"],
        env=box.environ, input="PMI2 init failed", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "did not meet in time" in piped.stdout


def test_serial_library_under_the_launcher(box: Box, serial: Path) -> None:
    """An extension whose MPI knows nothing of srun gives two processes, each alone: refused by that."""
    packages = next((box.prefix / "lib").glob("python3*/site-packages"))
    (packages / serial.name).write_bytes(serial.read_bytes())
    done = box.pybuild("verify", "--on", "compute")
    assert done.returncode == 11, done.stderr
    assert "2 processes, each alone" in done.stderr


@pytest.fixture
def serial(tmp_path: Path) -> Path:
    """The module ``tinympi`` with an MPI of its own: rank 0 of 1, as wheels and wrong builds have it."""
    (tmp_path / "usr/include" / ARCH / "mpich").mkdir(parents=True)
    (tmp_path / "usr/include" / ARCH / "mpich/mpi.h").write_text(_SERIAL)
    library = tmp_path / "usr/lib" / ARCH / "libmpich.so"
    library.parent.mkdir(parents=True)
    (tmp_path / "empty.c").write_text("int MPI_Init(int *a, char ***b) { return 0; }\n")
    argv = ["cc", "-shared", "-fPIC", "-Wl,-soname,libmpich.so.12", "-o", library, tmp_path / "empty.c"]
    subprocess.run(argv, check=True)
    library.with_name("libmpich.so.12").symlink_to(library.name)
    return build_extension(tmp_path, tmp_path)


_SERIAL = """
#include <string.h>
#define MPI_MAX_LIBRARY_VERSION_STRING 99
#define MPI_COMM_WORLD 0
#define MPI_INT 0
int MPI_Init(int *, char ***);
static void MPI_Finalize(void) {}
static void MPI_Comm_rank(int c, int *rank) { *rank = 0; }
static void MPI_Comm_size(int c, int *size) { *size = 1; }
static void MPI_Allgather(int *a, int n, int t, int *b, int m, int u, int c) { b[0] = 0; }
static void MPI_Get_library_version(char *text, int *n) { strcpy(text, "serial"); }
"""
