"""Job scripts and the numbers of jobs, for schedulers that are not here."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pybuild.errors import VerificationError
from pybuild.model.launcher import Launcher
from pybuild.verify.job import Errand, ask, log_tail, submit


def errand(folder: Path, *argv: str, **more: str) -> Errand:
    """Return an errand whose folder has a difficult name."""
    made = folder / "a job's folder"
    made.mkdir()
    return Errand(
        folder=made, argv=argv or ("true",), environment={"PATH": os.defpath, "ODD": "it's $HOME\n*", **more},
        asking={"PATH": os.defpath}, options=("-A", "m1"), inside="MY_JOB",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("Submitted batch job 12", "12"),
        ("12", "12"),
        ("12;cluster", "12"),
        ("4711.pbs01", "4711.pbs01"),
        ("4711[].pbs01", "4711[].pbs01"),
        ("Job <815> is submitted to default queue <normal>.", "815"),
        ("Welcome to cluster 3\n--> 2 projects\nSubmitted batch job 99", "99"),
        ("notice 1\n4711.pbs01\n", "4711.pbs01"),
    ],
)
def test_number_of_a_job(tmp_path: Path, said: str, number: str) -> None:
    """Slurm, PBS and LSF each say the number in their own way, between what sites add."""
    launcher = Launcher(ranks=("srun",), submit=("sh", "-c", f"printf '%s\\n' '{said}'"))
    assert submit(errand(tmp_path), launcher) == number


@pytest.mark.parametrize("said", ["", "no digits", "account 12 is empty"])
def test_no_number(tmp_path: Path, said: str) -> None:
    """A command that says no number, or refuses, is an error with its own words."""
    with pytest.raises(VerificationError, match="names no job number"):
        submit(errand(tmp_path), Launcher(ranks=("srun",), submit=("echo", said, ";")))
    refusing = Launcher(ranks=("srun",), submit=("sh", "-c", f"echo '{said}' >&2; exit 3"))
    (tmp_path / "again").mkdir()
    with pytest.raises(VerificationError, match=f"the job was not taken: {said or 'it said nothing'}"):
        submit(errand(tmp_path / "again"), refusing)


def test_script_keeps_the_scheduler_only(tmp_path: Path) -> None:
    """A job sees its own environment, exactly, and what the scheduler set; options come after the site's."""
    show = (sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))")
    job = errand(tmp_path, *show)
    # A scheduler that shows its words, then runs the rest of its line with a shell's environment.
    words = 'echo "$@" | head -c 40; echo; export SLURM_JOB_ID=7 MY_JOB=8 EVIL=1; shift 2; exec "$@"'
    code = ask(job, Launcher(ranks=("srun",), ask=("bash", "-c", words, "salloc")), lambda line: None)
    first, *_, last = (job.folder / "log").read_text().splitlines()
    assert code == 0
    assert first.startswith("-A m1 /bin/bash ")
    seen = {name: value for name, value in json.loads(last).items() if name != "LC_CTYPE"}
    assert seen == {**job.environment, "SLURM_JOB_ID": "7", "MY_JOB": "8"}
    assert (job.folder / "ended").read_text() == "0\n"
    assert log_tail(job.folder)[-1] == last


def test_exit_code_is_kept(tmp_path: Path) -> None:
    """A batch job writes its output and its exit code where nobody else writes; directives come first."""
    job = errand(tmp_path, "sh", "-c", "echo hello; exit 5")
    launcher = Launcher(
        ranks=("srun",), submit=("echo", "12", "#"), directives=("#SBATCH -N 1", "#SBATCH -t 5")
    )
    with pytest.raises(VerificationError):
        submit(job, launcher)
    script = job.folder / "job.sh"
    assert script.read_text().splitlines()[:3] == ["#!/bin/bash", "#SBATCH -N 1", "#SBATCH -t 5"]
    done = subprocess.run([script], env={"PATH": os.defpath}, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (5, b"", b"")
    assert (job.folder / "log").read_text() == "hello\n"
    assert (job.folder / "ended").read_text() == "5\n"


def test_end_from_outside_is_kept(tmp_path: Path) -> None:
    """A script that the scheduler ends gives its command time to end as well, then writes that down."""
    job = errand(
        tmp_path, "sh", "-c", "trap 'sleep 0.5; echo told; exit 3' TERM; echo ready; sleep 60 & wait"
    )
    with pytest.raises(VerificationError):
        submit(job, Launcher(ranks=("srun",), submit=("echo",)))
    child = subprocess.Popen([job.folder / "job.sh"], env={"PATH": os.defpath})
    log = job.folder / "log"
    for _ in range(1000):
        if log.exists() and "ready" in log.read_text():
            break
        time.sleep(0.05)
    child.send_signal(signal.SIGTERM)
    assert child.wait(timeout=50) == 143
    assert log.read_text() == "ready\ntold\n"
    assert (job.folder / "ended").read_text() == "143\n"
