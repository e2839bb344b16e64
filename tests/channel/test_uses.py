"""Who uses a channel is noted with what he has, so that tidying it spares also what is closed to us."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pybuild.channel.uses import remember, used_stems
from tests.channel.conftest import of_user
from tests.channel.test_folder import SUBDIR, made
from tests.prefix.prefixes import add_record, make_prefix

LOOK = "import sys; from pybuild.channel import uses; print(*uses.used_stems(*sys.argv[1:3]))"


def notes(channel: Path) -> Path:
    return channel / SUBDIR / ".pybuild/prefixes"


def test_what_a_prefix_has_of_the_channel_is_noted_once(tmp_path: Path) -> None:
    """Again when it has something else; what comes from elsewhere is not noted, what is gone has nothing."""
    channel, prefix = tmp_path / "c", make_prefix(tmp_path / "p", "numpy-2.0-h0_0")
    first, second = (Path(made(channel, key=key).file).stem for key in "ab")
    add_record(prefix, first)
    for _ in range(2):
        remember(str(channel), SUBDIR, str(prefix))
    assert notes(channel).read_text() == f"{prefix}\n\t{first}\n"
    add_record(prefix, second)
    remember(str(channel), SUBDIR, str(prefix))
    assert notes(channel).read_text().endswith(f"\n{prefix}\n\t{first} {second}\n")
    assert {first, second} <= used_stems(str(channel), SUBDIR)
    prefix.rename(tmp_path / "q")
    assert used_stems(str(channel), SUBDIR) == set()
    assert {first, second} <= used_stems(str(channel), SUBDIR, [str(tmp_path / "q")])


@pytest.mark.parametrize("noted", [True, False])
def test_a_prefix_in_a_closed_home(place: Path, noted: bool) -> None:
    """What was noted of it is used; where an older release noted its name alone, it is refused by name."""
    channel, home = place / "c", place / "home"
    prefix = make_prefix(home / "p")
    used = Path(made(channel).file).stem
    add_record(prefix, used)
    if noted:
        remember(str(channel), SUBDIR, str(prefix))
    else:
        notes(channel).write_text(f"{prefix}\n")
    subprocess.run(["chmod", "-R", "a+rX", channel], check=True)
    home.chmod(0o700)
    done = of_user(LOOK, channel, SUBDIR)
    if noted:
        assert done.stdout.split() == [used], done.stderr
    else:
        assert f"{prefix}: may use the channel, and cannot be read: permission denied" in done.stderr


def test_notes_that_cannot_be_read(place: Path) -> None:
    """Are not the same as none."""
    channel = place / "c"
    made(channel)
    notes(channel).write_text("/some/prefix\n")
    subprocess.run(["chmod", "-R", "a+rX", channel], check=True)
    notes(channel).chmod(0o600)
    assert f"{notes(channel)}: cannot be read" in of_user(LOOK, channel, SUBDIR).stderr
