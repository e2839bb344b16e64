"""Look up in the channel what need not be built again."""

from __future__ import annotations

from pybuild.model.machine import ChannelPackage


def find_held(
    held: tuple[ChannelPackage, ...], name: str, version: str, *, key: str | None, loose_key: str | None
) -> ChannelPackage | None:
    """Return the channel's package of this name and version with the key, else with the loose key.

    Args:
        key, loose_key: None where that kind of match does not count.
    """
    same = [package for package in held if (package.name, package.version) == (name, version)]
    for package in same:
        if key is not None and package.key == key:
            return package
    for package in same:
        if loose_key is not None and package.loose_key == loose_key:
            return package
    return None
