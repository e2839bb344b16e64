"""The scripts that batch jobs run, carried out here one by one: what takes jobs only counts them."""

from __future__ import annotations

import fcntl
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pybuild.channel import keys
from pybuild.channel.uses import PREFIXES, use_lock
from pybuild.locks import held
from pybuild.prefix import places
from tests.end_to_end.held import until
from tests.run.conftest import Toys

SUBDIR = "linux-64"
_SBATCH = """\
#!/bin/sh
echo job >> "$0.taken"
number=$(wc -l < "$0.taken")
echo "77|$PWD" > "$0.last"
[ ! -e "$0.says.$number" ] || { cat "$0.says.$number" >&2; exit 1; }
echo "$number"
"""
_BUSY = "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"


@pytest.fixture
def batch(toybox: Toys, tmp_path: Path) -> Iterator[Toys]:
    """The toys at a site that takes jobs and never runs them."""
    project = toybox.project
    (tmp_path / "bin").mkdir()
    sbatch = program(tmp_path / "bin/sbatch", _SBATCH)
    site, path = project.sites / "toy.yaml", project.environ["PATH"]
    before = site.read_text()
    site.write_text(before.replace("launcher:\n", f"launcher:\n  submit: [{sbatch}]\n"))
    project.environ["PATH"] = f"{sbatch.parent}:{path}"
    yield toybox
    project.environ["PATH"] = path
    site.write_text(before)


def program(path: Path, text: str) -> Path:
    """Write a program and return it."""
    path.write_text(text)
    path.chmod(0o755)
    return path


def submitted(toys: Toys, *words: str) -> Path:
    """Submit an installation and return the folder of its run."""
    done = toys.project.install(*words, "--on", "slurm", "--submit", "-j", "1", "--json").done()
    return toys.project.cache / "runs" / str(done.data["run"])


def started(run: Path, name: str) -> subprocess.Popen[str]:
    """Start one job's script, as a node would."""
    return subprocess.Popen(
        ["bash", str(run / "jobs" / name / "job.sh")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def ended(run: Path, name: str, child: subprocess.Popen[str] | None = None) -> int:
    """Run one job's script to its end, and return its exit code; what it said stands in its log."""
    child = child or started(run, name)
    child.communicate(timeout=120)
    print((run / "jobs" / name / "log").read_text())  # pytest shows it where the test fails
    return child.returncode


def events(run: Path, name: str) -> list[dict[str, Any]]:
    """Return what one job told so far."""
    return [
        json.loads(line) for path in run.glob(f"{name}-*.events") for line in path.read_text().splitlines()
    ]


def phases(run: Path, name: str) -> list[str]:
    """Return the phases that one job told so far."""
    return [str(event["name"]) for event in events(run, name) if event["event"] == "phase"]


def test_the_installation_is_warned_of_its_end(batch: Toys) -> None:
    """The job's time is nearly over: it stops with the words that say what to raise, as a build does."""
    batch.add("single", parts=1)
    run = submitted(batch, "single")
    assert ended(run, "single") == 0
    with held(places.lock(batch.project.prefix)):
        child = started(run, "install")
        until(lambda: phases(run, "install") == ["install"], child)
        child.send_signal(signal.SIGUSR1)
        assert ended(run, "install", child) == 13
    last = events(run, "install")[-1]
    assert (last["event"], last["state"], last["code"]) == ("ended", "stopped", 13)
    assert "--job-options='-t 2:00:00'" in last["hint"]
    assert ended(run, "install") == 0
    assert batch.project.note("single")["level"] == "imported"


def is_in_use(toys: Toys) -> bool:
    """Return whether somebody takes packages from the channel now, for whom ``channel prune`` waits."""
    with use_lock(str(toys.project.channel), SUBDIR).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def test_jobs_use_the_channel(batch: Toys) -> None:
    """Whoever tidies it waits for a build's job and for the last one, and knows their prefix afterwards."""
    batch.add("single", parts=1)
    run = submitted(batch, "single")
    (batch.project.channel / SUBDIR / ".pybuild/prefixes").unlink()
    assert not is_in_use(batch)
    batch.mark("hold").touch()
    child = started(run, "single")
    until(batch.mark("held").exists, child)
    assert is_in_use(batch)
    batch.mark("hold").unlink()
    child.send_signal(signal.SIGTERM)
    assert ended(run, "single", child) == 143
    assert ended(run, "single") == 0
    (batch.project.channel / SUBDIR / ".pybuild/prefixes").unlink()
    with held(places.lock(batch.project.prefix)):
        child = started(run, "install")
        until(lambda: phases(run, "install") == ["install"], child)
        until(lambda: is_in_use(batch), child)
    assert ended(run, "install", child) == 0
    assert not is_in_use(batch)
    noted = (batch.project.channel / SUBDIR / keys.FOLDER / PREFIXES).read_text()
    assert noted.splitlines()[0] == str(batch.project.prefix)


def test_a_job_whose_packages_went_says_so(batch: Toys) -> None:
    """What the plan takes from the channel was removed while the job waited in the queue."""
    batch.add("ground", parts=1)
    batch.add("top", "ground", parts=1)
    assert ended(submitted(batch, "ground"), "ground") == 0
    run = submitted(batch, "top")
    (package,) = batch.project.built("ground")
    package.unlink()
    for job in ("top", "install"):
        assert ended(run, job) == 12
        assert f"{package.name}: was removed after the plan was made" in events(run, job)[-1]["message"]


@pytest.mark.parametrize("taken", [False, True])
def test_a_busy_slurm_is_asked_again(batch: Toys, tmp_path: Path, taken: bool) -> None:
    """It takes the job at the second try; or it had taken it, and only its answer was lost."""
    batch.add("single", parts=1)
    (tmp_path / "bin/sbatch.says.1").write_text(_BUSY)
    program(tmp_path / "bin/squeue", f'#!/bin/sh\n{taken} && cat "${{0%/*}}/sbatch.last"\n'.lower())
    record = json.loads((submitted(batch, "single") / "run.json").read_text())
    numbers = (record["builds"][0]["job"], record["last"]["job"])
    assert numbers == (("77", "2") if taken else ("2", "3"))


def test_what_cannot_be_taken_back_is_named(batch: Toys, tmp_path: Path) -> None:
    """The refusal of a job is told in any case, and the jobs that are left where cancelling fails, too."""
    batch.add("single", parts=1)
    (tmp_path / "bin/sbatch.says.2").write_text("sbatch: error: invalid account: nobody")
    program(tmp_path / "bin/scancel", "#!/bin/sh\necho 'scancel: error: Invalid user id' >&2\nexit 1\n")
    outcome = batch.project.install("single", "--on", "slurm", "--submit")
    assert outcome.code == 5
    assert "the job was not taken: sbatch: error: invalid account: nobody" in outcome.err
    assert "error: Invalid user id; what is left in the queue: scancel 1" in outcome.err


def test_an_installation_that_is_there_is_only_proven(batch: Toys) -> None:
    """The last job had to make room after it had installed, and begins anew: it goes on with the proof."""
    batch.add("single", parts=1)
    run = submitted(batch, "single")
    assert ended(run, "single") == 0
    assert ended(run, "install") == 0
    assert ended(run, "install") == 0
    assert events(run, "install")[-1]["state"] == "built"
