"""What the site's conda channels have under a name."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path

from pybuild.model.offer import Offer

_SUBDIRS = {"x86_64": "linux-64", "aarch64": "linux-aarch64"}


def find_in_channels(channels: Sequence[str], name: str, cache: Path) -> tuple[list[Offer], list[str]]:
    """Return what conda channels hold under a name, and why one could not be asked.

    Args:
        name: with hyphens; conda's packages may also have underscores or dots in their place.
        cache: pybuild's cache folder.
    """
    from pybuild import conda

    spellings = dict.fromkeys((name, name.replace("-", "_"), name.replace("-", ".")))
    subdir = _SUBDIRS.get(platform.machine(), "noarch")
    return conda.find_offers(channels, tuple(spellings), subdir, cache / "repodata")
