"""What conda is told of a channel: every package in it, and nothing of what is none or closed to us."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pybuild.channel.folder import demand_writable, publish
from pybuild.channel.inspection import inspect
from tests.channel.conftest import USER, of_user
from tests.channel.test_folder import SUBDIR
from tests.prefix.prefixes import package


def channel_of(folder: Path, *stems: str) -> Path:
    """Make a channel that holds these packages, unpublished."""
    demand_writable(str(folder), SUBDIR)
    for stem in stems:
        shutil.copy(package(folder.parent / "made", stem, {"share/thing": stem}), folder / SUBDIR)
    return folder


def listed(channel: Path) -> list[str]:
    return sorted(json.loads((channel / SUBDIR / "repodata.json").read_text())["packages.conda"])


def test_a_half_copied_file_is_passed_over(tmp_path: Path) -> None:
    """Somebody copies a package in by hand: the others are published, and it is once it is whole."""
    channel = channel_of(tmp_path / "c", "thing-1.0-h0_0", "other-1.0-h0_0")
    other = channel / SUBDIR / "other-1.0-h0_0.conda"
    whole = other.read_bytes()
    other.write_bytes(whole[:200])
    publish(str(channel), SUBDIR)
    assert listed(channel) == ["thing-1.0-h0_0.conda"]
    found = [one.text for one in inspect(str(channel), SUBDIR)[1] if one.path == str(other)]
    assert "is no conda package" in found[0]
    other.write_bytes(whole)
    publish(str(channel), SUBDIR)
    assert listed(channel) == ["other-1.0-h0_0.conda", "thing-1.0-h0_0.conda"]


def test_a_colleagues_closed_file_is_passed_over(place: Path) -> None:
    """Copied in with a strict umask: whoever else publishes goes on, and checking the channel names it."""
    channel = channel_of(place / "c", "thing-1.0-h0_0", "other-1.0-h0_0")
    subprocess.run(["chown", "-R", str(USER), channel], check=True)
    other = channel / SUBDIR / "other-1.0-h0_0.conda"
    os.chown(other, 0, 0)
    other.chmod(0o600)
    done = of_user(
        "import sys; from pybuild.channel import folder, inspection\n"
        "folder.publish(sys.argv[1], 'linux-64')\n"
        "print(*(one.text for one in inspection.inspect(sys.argv[1], 'linux-64')[1]))",
        channel,
    )
    assert listed(channel) == ["thing-1.0-h0_0.conda"], done.stderr
    assert "cannot be read: permission denied" in done.stdout


@pytest.mark.parametrize("closed", ["", "noarch"])
def test_what_publishing_needs_is_asked_for_first(place: Path, closed: str) -> None:
    """Before hours of building: the channel's own folder and ``noarch`` must be writable, too."""
    channel = channel_of(place / "c")
    subprocess.run(["chown", "-R", str(USER), channel], check=True)
    os.chown(channel / closed, 0, 0)
    (channel / closed).chmod(0o755)
    done = of_user(
        "import sys; from pybuild.channel import folder; folder.demand_writable(sys.argv[1], 'linux-64')",
        channel,
    )
    assert f"{channel}: the channel cannot be written: permission denied" in done.stderr
