"""Stages that killed builds left are removed; what lives, is young, is kept or is somebody else's stays."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from pybuild.build.leftovers import DAYS, DAYS_ELSEWHERE, OWNER, claim, in_use, remove, sweep
from pybuild.build.stage import make_stage

NOTE = "stage.json"


def later(days: float) -> float:
    """Return a time so many days from now."""
    return time.time() + days * 86400


def stage(parent: Path, **owner: object) -> Path:
    """Make a stage whose owner has ended; ``owner`` changes what it says of itself."""
    root = make_stage(parent, "thing-1.0").root
    child = subprocess.Popen(["true"])
    child.wait()
    said = json.loads((root / OWNER).read_text())
    (root / OWNER).write_text(json.dumps({**said, "process": child.pid, **owner}))
    return root


def test_what_a_killed_build_left_goes_after_a_week(tmp_path: Path) -> None:
    """Not a day before."""
    root = stage(tmp_path)
    assert sweep(tmp_path, kept=NOTE, now=later(DAYS - 1)) == ()
    assert sweep(tmp_path, kept=NOTE, now=later(DAYS + 1)) == (root,)
    assert not root.exists()


def test_a_living_build_keeps_its_stage(tmp_path: Path) -> None:
    """However long it takes; this process made it and lives."""
    root = make_stage(tmp_path, "thing-1.0").root
    assert sweep(tmp_path, kept=NOTE, now=later(400)) == ()
    assert root.exists()


def test_a_number_that_was_given_out_again_is_not_the_owner(tmp_path: Path) -> None:
    """A living process with the owner's number that began at another time built nothing here."""
    root = stage(tmp_path, process=os.getpid(), began=1)
    assert sweep(tmp_path, kept=NOTE, now=later(DAYS + 1)) == (root,)


def test_another_nodes_build_gets_more_time(tmp_path: Path) -> None:
    """Its processes cannot be seen from here, and no build takes a month."""
    root = stage(tmp_path, node="nid00001")
    assert sweep(tmp_path, kept=NOTE, now=later(DAYS_ELSEWHERE - 1)) == ()
    assert sweep(tmp_path, kept=NOTE, now=later(DAYS_ELSEWHERE + 1)) == (root,)


def test_what_is_kept_for_a_person_stays(tmp_path: Path) -> None:
    """Its note marks it."""
    root = stage(tmp_path)
    (root / NOTE).write_text("{}")
    assert sweep(tmp_path, kept=NOTE, now=later(400)) == ()


def test_a_stage_without_an_owner_is_judged_by_its_age(tmp_path: Path) -> None:
    """A build may be killed before it wrote its name; earlier versions wrote none."""
    root = stage(tmp_path)
    (root / OWNER).write_text("{")
    assert sweep(tmp_path, kept=NOTE, now=later(DAYS - 1)) == ()
    assert sweep(tmp_path, kept=NOTE, now=later(DAYS + 1)) == (root,)


def test_a_stage_in_which_somebody_stands_is_not_removed(tmp_path: Path) -> None:
    """An open shell, for example; when it is gone the stage can go."""
    root = stage(tmp_path)
    child = subprocess.Popen(["sleep", "60"], cwd=root / "tmp")
    try:
        assert in_use(root)
        assert not remove(root)
        assert sweep(tmp_path, kept=NOTE, now=later(DAYS + 1)) == ()
    finally:
        child.kill()
        child.wait()
    assert not in_use(root)
    assert remove(root)


def test_a_name_that_begins_alike_is_another_folder(tmp_path: Path) -> None:
    """``stage-1`` is not in use because somebody stands in ``stage-12``."""
    (tmp_path / "stage-12").mkdir()
    (tmp_path / "stage-1").mkdir()
    child = subprocess.Popen(["sleep", "60"], cwd=tmp_path / "stage-12")
    try:
        assert not in_use(tmp_path / "stage-1")
    finally:
        child.kill()
        child.wait()


def test_links_and_files_beside_stages_are_left_alone(tmp_path: Path) -> None:
    """Only folders of this user are stages."""
    (tmp_path / "stages").mkdir()
    precious = tmp_path / "precious"
    precious.mkdir()
    (tmp_path / "stages/link").symlink_to(precious)
    (tmp_path / "stages/file").write_text("x")
    assert sweep(tmp_path / "stages", kept=NOTE, now=later(400)) == ()
    assert precious.exists()
    assert sweep(tmp_path / "missing", kept=NOTE) == ()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make folders of somebody else")
def test_a_colleagues_stage_is_not_ours_to_remove(tmp_path: Path) -> None:
    """A cache may be shared."""
    root = stage(tmp_path)
    os.chown(root, 12345, 12345)
    assert sweep(tmp_path, kept=NOTE, now=later(400)) == ()


def test_the_owner_is_this_process(tmp_path: Path) -> None:
    """Number and time of beginning, so that it can be told from its successors."""
    claim(tmp_path)
    said = json.loads((tmp_path / OWNER).read_text())
    assert said["process"] == os.getpid()
    assert said["began"] > 0
