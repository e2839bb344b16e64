"""Builds as jobs: on a Slurm of three nodes, with toys."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pybuild.batch.queue import Queue
from pybuild.locks import held
from pybuild.prefix import places
from tests.end_to_end.held import until
from tests.end_to_end.project import Project, finished
from tests.run.conftest import Toys, files, peak, toybox
from tests.run.conftest import shared as unslurmed
from tests.slurm import SEARCH, Slurm, demanded, lose, start

__all__ = ["files", "toybox", "unslurmed"]

_SITE = f"""
nodes:
  login: {{hostname: {platform.node()}}}
  compute: {{hostname: "nid[0-9]+", variables: [SLURM_JOB_ID]}}
launcher:
  ranks: [srun, -n, "${{{{{{ ranks }}}}}}"]
  submit: [sbatch, --parsable]
  directives: ["#SBATCH -N 1", "#SBATCH -t 5"]
  inside: SLURM_JOB_ID
verify: imported
"""


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """A Slurm of three nodes, of which tests lose some."""
    demanded()
    with ExitStack() as stack:
        yield start(tmp_path_factory.mktemp("three"), stack, count=3, expiry=10)


@pytest.fixture(scope="module")
def shared(unslurmed: Project, three: Slurm) -> Project:
    """The project of the toys, its site with a batch system."""
    return with_batch_system(unslurmed, three)


def with_batch_system(project: Project, slurm: Slurm) -> Project:
    """Let the project's site have a batch system; return the project."""
    site = project.sites / "toy.yaml"
    text = site.read_text()
    head = text[: text.index("launcher:")]
    site.write_text(head + _SITE.lstrip().replace("${{{", "${{").replace("}}}", "}}"))
    project.environ.update(slurm.environment, PATH=f"{SEARCH}")
    return project


def jobs(project: Project, word: str, *words: object) -> Any:
    """Return what a ``pybuild jobs`` command prints."""
    return json.loads(project.run("jobs", word, *words, "--json").done().out)


def submitted(project: Project, name: str) -> int:
    """Return how many jobs Slurm was given for a build, as far back as it knows."""
    environ = os.environ | project.environ
    argv = ["scontrol", "show", "job", "--oneliner"]
    told = subprocess.run(argv, env=environ, capture_output=True, text=True, check=True).stdout
    return told.count(f"JobName=pybuild-{name} ")


def test_every_build_is_a_job(toybox: Toys) -> None:
    """In the order of their needs, several nodes at once; the last one installs; each built once."""
    toybox.add("ground", parts=1)
    toybox.add("left", "ground", parts=4)
    toybox.add("right", "ground", parts=4)
    toybox.crowd(2, "left", "right")
    done = toybox.project.install("left", "right", "--on", "slurm", "-j", "1").done()
    assert toybox.project.run("list", "--json").done().data
    record = jobs(toybox.project, "status")
    assert [build["state"] for build in record["builds"]] == ["built"] * 3
    assert all(build["job"] and build["node"].startswith("nid") for build in record["builds"])
    ends = {build["name"]: (build["began"], build["ended"]) for build in record["builds"]}
    assert ends["ground"][1] <= min(ends["left"][0], ends["right"][0])
    assert peak(toybox.parts()) == 2, "two nodes at work, each with one process"
    assert "left: done" in done.err


@pytest.mark.parametrize("again", ["--requeue", "--no-requeue"])
def test_it_goes_on_without_its_shell(toybox: Toys, three: Slurm, again: str) -> None:
    """The submitting shell is killed and a node is lost: everything is built and installed all the same.

    Where Slurm may put the job back into the queue it does; else whoever waits submits it again, and of two
    who wait one does.
    """
    toybox.add("ground", parts=2)
    toybox.add("top", "ground", parts=1)
    toybox.mark("hold").touch()
    project = toybox.project
    before = submitted(project, "ground")
    child = project.start("install", "top", "-y", "--on", "slurm", f"--job-options={again}")
    until(toybox.mark("held").exists, child)
    os.killpg(child.pid, signal.SIGKILL)
    finished(child)
    (ground,) = [b for b in jobs(project, "status")["builds"] if b["name"] == "ground"]
    assert ground["state"] == "builds"
    toybox.mark("hold").unlink()
    lose(three, ground["node"])
    both = [project.start("jobs", "wait", "--json") for _ in range(2)]
    assert all(json.loads(finished(child).done().out)["changed"] for child in both)
    assert submitted(project, "ground") - before == (2 if again == "--no-requeue" else 1)
    after = {b["name"]: b for b in jobs(project, "status")["builds"]}
    assert after["ground"]["state"] == after["top"]["state"] == "built"
    assert after["ground"]["node"] != ground["node"], "on another node"
    names = [package["name"] for package in json.loads(project.run("list", "--json").done().out)]
    assert {"ground", "top"} <= set(names)
    assert len(project.built("top")) >= 1


def make_room(slurm: Slurm, project: Project, name: str) -> str:
    """Let a running job of the newest run be stopped and put back into the queue; return its number."""
    record = jobs(project, "status")
    (build,) = [b for b in (*record["builds"], record["last"]) if b["name"] == name]
    told = project.cache / "runs" / record["name"] / f"{name}-{build['key']}.events"
    slurm.run("scontrol", "requeue", build["job"])
    slurm.until(lambda: '"stopped"' in told.read_text(), "the end that it told", 240)
    return str(build["job"])


@pytest.mark.parametrize("most", [99, 2])
def test_a_job_that_had_to_make_room_is_not_over(toybox: Toys, three: Slurm, most: int) -> None:
    """Who follows waits for its next start, be it a build's or the installation's; nothing is skipped.

    Also where the builds share one job: what it told before it began anew does not count.
    """
    project = toybox.project
    site = project.sites / "toy.yaml"
    before = site.read_text()
    site.write_text(before.replace("launcher:\n", f"launcher:\n  most_jobs: {most}\n"))
    try:
        toybox.add("ground", parts=1)
        toybox.add("top", "ground", parts=1)
        toybox.mark("hold").touch()
        with held(places.lock(project.prefix)):
            child = project.start("install", "top", "-y", "--on", "slurm", "-j", "1")
            until(toybox.mark("held").exists, child)
            toybox.mark("hold").unlink()
            first = make_room(three, project, "ground")
            assert jobs(project, "status")["builds"][0]["state"] == "waits"
            until(lambda: jobs(project, "status")["last"]["state"] == "builds", child)
            last = make_room(three, project, "install")
        finished(child).done()
    finally:
        site.write_text(before)
    record = jobs(project, "status")
    builds = (*record["builds"], record["last"])
    assert [build["state"] for build in builds] == ["built"] * 3
    assert (builds[0]["job"], builds[2]["job"]) == (first, last)
    assert (builds[1]["job"] == first) == (most == 2)


def test_a_job_that_had_to_make_room_is_cancelled(toybox: Toys, three: Slurm) -> None:
    """It told that it was stopped, and would run once more after the user has cancelled."""
    toybox.add("held", parts=1)
    toybox.mark("hold").touch()
    project = toybox.project
    child = project.start("install", "held", "-y", "--on", "slurm", "-j", "1")
    until(toybox.mark("held").exists, child)
    number = make_room(three, project, "held")
    assert number in jobs(project, "cancel")["cancelled"]
    assert finished(child).code == 130
    assert three.run("squeue", "-h", "-t", "PENDING,RUNNING") == ""


def test_what_was_submitted_can_be_cancelled(toybox: Toys) -> None:
    """No job is left, and the run says so."""
    toybox.add("held", parts=1)
    toybox.mark("hold").touch()
    project = toybox.project
    done = project.install("held", "--submit", "--json").done()
    run, numbers = done.data["run"], done.data["jobs"]
    assert len(numbers) == 2
    end = time.monotonic() + 240
    while not toybox.mark("held").exists():
        assert time.monotonic() < end
        time.sleep(0.1)
    folder = project.cache / "runs" / run / "jobs"
    queue = Queue(environ=project.environ)
    assert [queue.taken(f"pybuild-{name}", str(folder / name)) for name in ("held", "install")] == numbers
    assert queue.taken("pybuild-held", str(folder / "install")) == ""
    assert set(jobs(project, "cancel", run)["cancelled"]) == set(numbers)
    outcome = project.run("jobs", "wait", run)
    assert outcome.code in (5, 130), outcome.err
    assert jobs(project, "status", run)["builds"][0]["state"] == "stopped"


def test_the_batch_systems_own_words(toybox: Toys) -> None:
    """A partition that is not there: nothing is submitted, nothing is left, and nobody waits for it."""
    toybox.add("single")
    project = toybox.project
    outcome = project.install("single", "--on", "slurm", "--job-options=-p nowhere")
    assert outcome.code == 5, outcome.err
    assert "invalid partition specified: nowhere" in outcome.err
    assert "hint: --job-options='-p PARTITION" in outcome.err
    assert "Traceback" not in outcome.err
    waited = project.run("jobs", "wait")
    assert waited.code == 5, waited.err
    assert "error: not built: single 1.0, install\n" in waited.err
    record = jobs(project, "status")
    assert [build["state"] for build in (*record["builds"], record["last"])] == ["skipped"] * 2


def test_a_shell_that_is_killed_while_it_submits(toybox: Toys, tmp_path: Path) -> None:
    """What it had submitted is built; the rest is told as not built, and the same command does it."""
    toybox.add("ground", parts=1)
    toybox.add("top", "ground", parts=1)
    project = toybox.project
    stuck = tmp_path / "stuck"
    slow = tmp_path / "sbatch"
    slow.write_text(
        f'#!/bin/sh\ncase "$*" in *pybuild-top*) touch {stuck}; exec sleep 300 ;; esac\nexec sbatch "$@"\n'
    )
    slow.chmod(0o755)
    site = project.sites / "toy.yaml"
    before = site.read_text()
    site.write_text(before.replace("submit: [sbatch,", f"submit: [{slow},"))
    try:
        child = project.start("install", "top", "-y", "--on", "slurm")
        until(stuck.exists, child)
        assert jobs(project, "status")["last"] is None, "it is still at it"
        os.killpg(child.pid, signal.SIGKILL)
        finished(child)
    finally:
        site.write_text(before)
    waited = project.run("jobs", "wait")
    assert waited.code == 5, waited.err
    assert "error: not built: top 1.0, install\n" in waited.err
    assert "hint: the same command goes on" in waited.err
    assert [build["state"] for build in jobs(project, "status")["builds"]] == ["built", "skipped"]
    project.install("top", "--on", "slurm").done()
    assert [build["name"] for build in jobs(project, "status")["builds"]] == ["top"]


def test_a_job_that_runs_out_of_time_says_what_to_raise(toybox: Toys) -> None:
    """Slurm's warning stops the build cleanly, with its own exit code, and the run says so."""
    toybox.add("slow", parts=1)
    toybox.mark("hold").touch()
    project = toybox.project
    child = project.start("install", "slow", "-y", "--on", "slurm", "--job-options=-t 1")
    until(toybox.mark("held").exists, child)
    outcome = finished(child)
    assert outcome.code == 13, outcome.err
    assert "the job's time is nearly over, the build was stopped" in outcome.err
    assert "--job-options='-t 2:00:00'" in outcome.err
    toybox.mark("hold").unlink()
    project.install("slow", "--on", "slurm").done()


def test_an_upgrade_by_jobs(toybox: Toys) -> None:
    """What is newer is built by jobs, and takes the place of the old one; what stays is not built again."""
    project = toybox.project
    toybox.add("ground", parts=1)
    toybox.add("top", "ground", parts=1)
    project.install("top", "--on", "slurm").done()
    toybox.add("top", "ground", parts=1, versions=("1.1", "1.0"))
    project.run("upgrade", "top", "-y", "--on", "slurm").done()
    record = jobs(project, "status")
    assert [(build["name"], build["version"], build["state"]) for build in record["builds"]] == [
        ("top", "1.1", "built")
    ]
    assert record["builds"][0]["job"] != record["last"]["job"] != ""
    versions = {row["name"]: row["version"] for row in project.run("list", "--json").done().data}
    assert (versions["top"], versions["ground"]) == ("1.1", "1.0")
    assert "nothing to do" in project.run("upgrade", "top", "-y", "--on", "slurm").done().err


def test_a_job_builds_on_its_own_node(toybox: Toys, tmp_path: Path) -> None:
    """Where the user wants builds in TMPDIR, it is the one that the job has on its node."""
    toybox.add("local", parts=1)
    project = toybox.project
    where = {"PYBUILD_STAGE": "$TMPDIR", "TMPDIR": str(tmp_path / "of-the-shell")}
    for name in ("of-the-shell", "of-the-node"):
        (tmp_path / name).mkdir()
    words = ("--on", "slurm", f"--job-options=--export=ALL,TMPDIR={tmp_path}/of-the-node")
    project.install("local", *words, environ=where).done()
    log = (project.prefix / "share/pybuild/local/build.log").read_text()
    assert f"$ cd {tmp_path}/of-the-node/" in log
