"""Look up in the channel what need not be built again."""

from __future__ import annotations

from collections.abc import Iterable

from pybuild.model.machine import ChannelPackage


def find_held(
    held: tuple[ChannelPackage, ...], name: str, version: str, *, key: str | None, loose_key: str | None
) -> ChannelPackage | None:
    """Return the channel's package of this name and version with the key, else with the loose key.

    Args:
        key, loose_key: None where that kind of match does not count.
    """
    same = [package for package in held if (package.name, package.version) == (name, version)]
    same.sort(key=lambda package: _number(package.build), reverse=True)
    for package in same:
        if key is not None and package.key == key:
            return package
    for package in same:
        if loose_key is not None and package.loose_key == loose_key:
            return package
    return None


def next_number(builds: Iterable[str], key: str) -> int:
    """Return the build number of a rebuild: one more than any build of this key has.

    Args:
        builds: build strings that the channel and the prefix have, of any key.
    """
    return max((_number(build) + 1 for build in builds if f"_h{key}_" in build), default=0)


def _number(build: str) -> int:
    return int(build.rsplit("_", 1)[-1])
