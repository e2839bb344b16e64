"""A queue that takes few jobs of one user."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from pybuild.batch.grouping import grouped, is_limit
from pybuild.model.run import Progress
from tests.end_to_end.held import until
from tests.end_to_end.project import Project, finished
from tests.on_slurm.test_builds import jobs, with_batch_system
from tests.run.conftest import Toys, files, toybox
from tests.run.conftest import shared as unslurmed
from tests.slurm import Slurm, demanded, lose, start

__all__ = ["files", "toybox", "unslurmed"]

MOST = 3
SBATCH = f"""\
#!/bin/sh
# A site's own sbatch: as if its QOS had MaxSubmitJobsPerUser={MOST}, which takes Slurm's database to say.
if [ "$(squeue -h -t PENDING,RUNNING,COMPLETING | wc -l)" -ge {MOST} ]; then
  echo "sbatch: error: QOSMaxSubmitJobPerUserLimit" >&2
  echo "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy \
(job submit limit, user's size and/or time limits)" >&2
  exit 1
fi
exec sbatch "$@"
"""


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """A Slurm of three nodes, whose users submit with a program that lets each have three jobs."""
    demanded()
    folder = tmp_path_factory.mktemp("strict")
    (folder / "site-sbatch").write_text(SBATCH)
    (folder / "site-sbatch").chmod(0o755)
    with ExitStack() as stack:
        yield start(folder, stack, count=3, expiry=10)


@pytest.fixture(scope="module")
def shared(unslurmed: Project, strict: Slurm) -> Project:
    """The project of the toys, its site with a batch system."""
    found = with_batch_system(unslurmed, strict)
    site = found.sites / "toy.yaml"
    site.write_text(site.read_text().replace("submit: [sbatch,", f"submit: [{strict.folder}/site-sbatch,"))
    return found


def test_builds_share_the_jobs_that_the_queue_takes(toybox: Toys, strict: Slurm) -> None:
    """Five builds and an installation in three jobs: all built once, installed, none refused in the end."""
    toybox.add("ground", parts=1)
    for name in ("left", "middle", "right"):
        toybox.add(name, "ground", parts=1)
    toybox.add("top", "left", "right", parts=1)
    outcome = toybox.project.install("top", "middle", "--on", "slurm", "-j", "1").done()
    assert f"takes {MOST} jobs from you now, so builds share them" in outcome.err
    record = jobs(toybox.project, "status")
    assert [build["state"] for build in record["builds"]] == ["built"] * 5
    numbers = {build["job"] for build in record["builds"]}
    assert len(numbers) == MOST - 1
    assert record["last"]["state"] == "built"
    assert waiting(strict) == ""


def test_a_failure_skips_what_needs_it_in_the_same_job(toybox: Toys, strict: Slurm) -> None:
    """In one job with others: what needs the failed build is skipped, what does not is built."""
    toybox.add("broken", parts=1)
    toybox.mark("fail.broken").touch()
    toybox.add("above", "broken", parts=1)
    toybox.add("beside", parts=1)
    toybox.add("further", parts=1)
    outcome = toybox.project.install("above", "beside", "further", "--on", "slurm", "-j", "1")
    assert outcome.code == 5, outcome.err
    builds = {build["name"]: build for build in jobs(toybox.project, "status")["builds"]}
    assert builds["broken"]["job"] == builds["above"]["job"] != builds["beside"]["job"]
    assert {name: build["state"] for name, build in builds.items()} == {
        "broken": "failed", "above": "skipped", "beside": "built", "further": "built",
    }  # fmt: skip
    assert waiting(strict) == "", "what can never run does not count against the limit"


def waiting(slurm: Slurm) -> str:
    """Return what squeue says of jobs that wait or run."""
    return slurm.run("squeue", "-h", "-t", "PENDING,RUNNING")


def test_what_waits_for_a_job_with_a_failure_is_over_too(toybox: Toys, strict: Slurm) -> None:
    """Also where the failed build is none of its needs: Slurm will never start it."""
    toybox.add("broken", parts=1)
    toybox.mark("fail.broken").touch()
    toybox.add("ground", parts=1)
    toybox.add("top", "ground", parts=1)
    outcome = toybox.project.install("broken", "top", "--on", "slurm", "-j", "1")
    assert outcome.code == 5, outcome.err
    builds = {build["name"]: build for build in jobs(toybox.project, "status")["builds"]}
    assert builds["broken"]["job"] == builds["ground"]["job"] != builds["top"]["job"]
    states = {name: build["state"] for name, build in builds.items()}
    assert states == {"broken": "failed", "ground": "built", "top": "skipped"}
    assert waiting(strict) == ""


def test_out_of_time_means_all_of_a_job(toybox: Toys) -> None:
    """The warning stops the build that is at work, and none is begun after it."""
    site = toybox.project.sites / "toy.yaml"
    before = site.read_text()
    site.write_text(before.replace("launcher:\n", "launcher:\n  most_jobs: 2\n"))
    for name in ("one", "two"):
        toybox.add(name, parts=1)
    toybox.mark("hold").touch()
    try:
        outcome = toybox.project.install("one", "two", "--on", "slurm", "-j", "1", "--job-options=-t 1")
    finally:
        site.write_text(before)
    assert outcome.code == 13, outcome.err
    builds = jobs(toybox.project, "status")["builds"]
    assert [(build["state"], build["code"]) for build in builds] == [("stopped", 13), ("stopped", 13)]
    assert len({part.package for part in toybox.parts()}) == 1


def test_a_site_that_says_its_limit_is_not_asked_twice(toybox: Toys) -> None:
    """``launcher.most_jobs``: no job is submitted that would be refused."""
    site = toybox.project.sites / "toy.yaml"
    before = site.read_text()
    site.write_text(before.replace("launcher:\n", "launcher:\n  most_jobs: 2\n"))
    try:
        for name in ("one", "two", "three"):
            toybox.add(name, parts=1)
        outcome = toybox.project.install("one", "two", "three", "--on", "slurm", "-j", "1").done()
    finally:
        site.write_text(before)
    assert "jobs from you now" not in outcome.err
    assert len({build["job"] for build in jobs(toybox.project, "status")["builds"]}) == 1


@pytest.mark.parametrize("most", range(1, 8))
def test_groups_need_earlier_groups_only(most: int) -> None:
    """Every build is in one group, in order, in no more groups than are allowed, and none is empty."""
    builds = [
        Progress(name=str(i), version="1", key=str(i), needs=(), expected=float(seconds))
        for i, seconds in enumerate((9, 1, 1, 30, 2, 2, 1))
    ]
    groups = grouped(builds, most)
    assert [build for group in groups for build in group] == builds
    assert len(groups) <= most
    assert all(groups)
    if most == len(builds):
        assert len(groups) == most


def test_only_a_limit_is_a_limit() -> None:
    """What is wrong with the job itself is told at once."""
    assert is_limit("sbatch: error: QOSMaxSubmitJobPerUserLimit sbatch: error: Batch job submission failed")
    assert is_limit("Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)")
    assert not is_limit("sbatch: error: invalid partition specified: nowhere")
    assert not is_limit("sbatch: error: Unable to contact slurm controller (connect failure)")


def test_a_shared_job_that_lost_its_node(toybox: Toys, strict: Slurm) -> None:
    """Seen by somebody who only looks; who waits submits it again with the same options."""
    toybox.add("ground", parts=2)
    toybox.add("middle", "ground", parts=1)
    toybox.add("top", "middle", parts=1)
    toybox.mark("hold").touch()
    project = toybox.project
    child = project.start("install", "top", "-y", "--on", "slurm", "-j", "1", "--job-options=--no-requeue")
    until(toybox.mark("held").exists, child)
    os.killpg(child.pid, signal.SIGKILL)
    finished(child)
    first = {build["name"]: build for build in jobs(project, "status")["builds"]}
    assert first["ground"]["job"] == first["middle"]["job"] != first["top"]["job"]
    toybox.mark("hold").unlink()
    lose(strict, first["ground"]["node"])
    strict.until(lambda: jobs(project, "status")["builds"][0]["state"] == "failed", "the loss", 120)
    assert json.loads(project.run("jobs", "wait", "--json").done().out)["changed"]
    record = jobs(project, "status")
    builds = {build["name"]: build for build in record["builds"]}
    assert {build["state"] for build in (*builds.values(), record["last"])} == {"built"}
    assert builds["ground"]["job"] == builds["middle"]["job"] not in ("", first["ground"]["job"])
    assert "Requeue=0" in strict.run("scontrol", "show", "job", builds["ground"]["job"])
    assert {"top", "middle"} <= {row["name"] for row in json.loads(project.run("list", "--json").done().out)}
