"""The folder of one build."""

from __future__ import annotations

from pathlib import Path

from pybuild.build.stage import HOST_LENGTH, make_stage


def test_all_host_prefixes_are_of_one_length(tmp_path: Path) -> None:
    """A package may be linked into the host prefix of any other: no placeholder is shorter than another."""
    names = ("a-1.0", "a-package-with-a-long-name-12.34.5", "netcdf-c-4.9.3", "x" * 13)
    lengths = {len(str(make_stage(tmp_path, name).host)) for name in names}
    assert lengths == {HOST_LENGTH}
