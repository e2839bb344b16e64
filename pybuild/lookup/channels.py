"""What the site's conda channels have under a name."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path

from pybuild.model.machine import SUBDIRS
from pybuild.model.offer import Offer


def find_in_channels(channels: Sequence[str], name: str, cache: Path) -> tuple[list[Offer], list[str]]:
    """Return what conda channels hold under a name, and why one could not be asked.

    Args:
        name: with hyphens; conda's packages may also have underscores or dots in their place.
        cache: pybuild's cache folder.
    """
    from pybuild.conda.channels import find_offers

    spellings = dict.fromkeys((name, name.replace("-", "_"), name.replace("-", ".")))
    subdir = SUBDIRS.get(platform.machine(), "noarch")
    return find_offers(channels, tuple(spellings), subdir, cache / "repodata")
