"""Batch jobs that run hold every release that was in service since they began."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

from pybuild.model.launcher import Launcher
from pybuild.model.site import Site
from pybuild.model.stack import SharePolicy
from pybuild.release.holders import by_release, holders
from pybuild.release.policy import policy_of
from pybuild.release.switch import Switch
from tests.slurm import Slurm


def test_a_running_job_holds(slurm: Slurm, tmp_path: Path) -> None:
    """A real job, asked for with squeue: it may use what is in service now, not what left before it began."""
    launcher = Launcher(ranks=("srun",), inside="SLURM_JOB_ID")
    site = Site(name="here", summary="", launcher=launcher)
    now = datetime.now(timezone.utc)
    rows = tuple(
        Switch(when=(now - timedelta(days=days)).isoformat(timespec="seconds"), by="desi", action="deploy",
               before="", after=name)
        for days, name in ((9, "2020-01-01-1"), (2, "2020-01-02-1"))
    )  # fmt: skip
    names = [row.after for row in rows]
    policy = policy_of(SharePolicy())
    environ = {"PATH": os.environ["PATH"], **slurm.environment}
    slurm.wait_for_idle()
    before = holders(tmp_path, names, rows, policy, site, environ=environ)
    assert (before.holders, before.jobs) == ((), "the jobs that run now, as squeue tells")
    job = slurm.run("sbatch", "--parsable", "--output=/dev/null", "--wrap", "sleep 600").strip()
    try:
        running = lambda: job in slurm.run("squeue", "--noheader", "--states=R", "--format=%i").split()  # noqa: E731
        slurm.until(running, "the job runs", 240)
        held = dict(by_release(holders(tmp_path, names, rows, policy, site, environ=environ)))
    finally:
        slurm.run("scancel", job)
    assert set(held) == {"2020-01-02-1"}
    assert f"job {job} of root, running since {now.date().isoformat()[:8]}" in held["2020-01-02-1"][0]
    silent = holders(tmp_path, names, rows, policy, site, environ={"PATH": "/nowhere"})
    assert silent.jobs.startswith("squeue did not answer")
    assert {holder.release for holder in silent.holders} == {*names}  # who does not know must not remove
