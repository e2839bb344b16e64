"""The permission audit names every departure, and nothing where there is none."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pybuild.model.stack import SharePolicy
from pybuild.release.audit import audit, changed_since, closed_above
from pybuild.release.policy import apply, policy_of

Spoil = Callable[[Path], object]


def _hidden(release: Path) -> None:
    folder = release.parent / "private"
    folder.mkdir(mode=0o700)
    (folder / "key").touch()
    (release / "lib/link").symlink_to(folder / "key")


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A small release as the policy wants it."""
    tmp_path.chmod(0o755)
    top = tmp_path / "release"
    (top / "lib").mkdir(parents=True)
    (top / "lib/module.py").touch()
    (top / "program").touch(mode=0o700)
    (top / "lib/inside").symlink_to("module.py")
    (top / "lib/system").symlink_to("/usr/bin/env")
    apply(top, policy_of(SharePolicy()), frozen=True)
    return top


def test_nothing_to_say(release: Path) -> None:
    """After the policy was applied there is no finding; files cannot be written, programs still run."""
    seen = audit(release, policy_of(SharePolicy()))
    assert seen.findings == ()
    assert seen.count == 6
    assert (release / "program").stat().st_mode & 0o7777 == 0o555
    assert release.stat().st_mode & 0o7777 == 0o2555
    assert changed_since(release, seen.touched) == ()


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda top: (top / "lib/module.py").chmod(0o644), "mode 644, expected 444"),
        (lambda top: (top / "lib/module.py").chmod(0o666), "everybody may write"),
        (lambda top: (top / "program").chmod(0o4555), "runs as somebody else"),
        (lambda top: (top / "lib").chmod(0o755), "mode 755, expected 2555"),
        (lambda top: os.link(top / "program", top.parent / "elsewhere"), "is one file with 1 other path"),
        (lambda top: (top / "lib/link").symlink_to("/nowhere/at/all"), "which is not there"),
        (_hidden, "which its readers cannot read"),
        (lambda top: os.chown(top / "program", 12345, -1), "belongs to user 12345"),
        (lambda top: os.chown(top / "lib/inside", -1, 12345, follow_symlinks=False), "group 12345"),
    ],
)
def test_departures(release: Path, spoil: Spoil, told: str) -> None:
    """Each is found, by itself, and what changed is known by its time."""
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    import grp

    policy = policy_of(SharePolicy(group=grp.getgrgid(os.getegid()).gr_name))
    apply(release, policy, frozen=True)
    touched = audit(release, policy).touched
    release.chmod(0o2755)
    (release / "lib").chmod(0o2755)
    time.sleep(0.02)  # times of files go by the kernel's tick, a few milliseconds
    spoil(release)
    if "755" not in told:
        release.chmod(0o2555)
        (release / "lib").chmod(0o2555)
    else:
        release.chmod(0o2555)
    findings = audit(release, policy).findings
    assert len(findings) == 1, findings
    assert told in findings[0].problem
    assert changed_since(release, touched)


def test_readers_that_cannot_come_in(tmp_path: Path) -> None:
    """A folder above the root that is closed for the readers is named; it is not changed."""
    (tmp_path / "home").mkdir(mode=0o700)
    found = closed_above(tmp_path / "home/root", policy_of(SharePolicy()))
    assert str(tmp_path / "home") in found
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700
