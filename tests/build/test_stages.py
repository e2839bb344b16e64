"""Where builds stand."""

from __future__ import annotations

import os
from pathlib import Path

from pybuild.build.stages import choose, in_cache, on_node, places_of_stages


def test_a_node_with_room_is_taken(tmp_path: Path) -> None:
    """In a folder of our own that nobody else reads."""
    place, why_not = choose(str(tmp_path), "/cache", room=1)
    assert (place, why_not) == (on_node(str(tmp_path)), "")
    assert place.parent.stat().st_mode & 0o777 == 0o700
    place.mkdir()
    assert places_of_stages(str(tmp_path), "/cache") == (in_cache("/cache"), place)


def test_without_room_builds_stand_in_the_cache(tmp_path: Path) -> None:
    """The sentence says how much there is, and how much is needed."""
    place, why_not = choose(str(tmp_path), "/cache", room=1 << 60)
    assert place == in_cache("/cache")
    assert f"{tmp_path}: has " in why_not
    assert " MiB free, 1099511627776 are needed" in why_not


def test_a_folder_that_is_not_ours_is_not_entered(tmp_path: Path) -> None:
    """A link that somebody left where our folder would be, and a directory that is not there."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f"pybuild-{os.geteuid()}").symlink_to(tmp_path / "elsewhere")
    place, why_not = choose(str(tmp_path), "/cache", room=1)
    assert place == in_cache("/cache")
    assert "belongs to somebody else" in why_not
    assert "No such file" in choose(str(tmp_path / "none"), "/cache")[1]
    assert choose(None, "/cache") == (in_cache("/cache"), "")
