"""The private folder in which one package is built."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from pybuild.build.leftovers import claim

HOST_LENGTH = 220
"""Length of the host prefix's path.

Whatever a build compiles into a binary is this long, and conda can put any shorter prefix in its place.
Linux and conda allow 255; the rest is for what stands below the prefix in a shebang or a search path.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Folders of one build, all absolute.

    Attributes:
        root: holds all others.
        host: the prefix that the build links against; its text is the placeholder in the package.
        staging: where the package's files are gathered.
        dist: where the build leaves a wheel.
    """

    root: Path
    host: Path
    source: Path
    overlay: Path
    staging: Path
    dist: Path


def make_stage(parent: Path, name: str) -> Stage:
    """Make a fresh stage below ``parent``, readable by its owner alone.

    Raises:
        OSError: it cannot be made there.
    """
    parent.mkdir(parents=True, exist_ok=True)
    root = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=parent))
    stage = Stage(
        root=root,
        host=_padded(root / "host_placeholder"),
        source=root / "source",
        overlay=root / "overlay",
        staging=root / "staging",
        dist=root / "dist",
    )
    for folder in (stage.overlay, stage.staging, stage.dist, root / "staging.home", root / "tmp"):
        folder.mkdir()
    claim(root)
    return stage


def _padded(path: Path) -> Path:
    text = str(path)
    # The very same length for every package: one that is built against another has the other's path filled in
    # with its own, and a placeholder has room for nothing longer than itself.
    room = max(HOST_LENGTH - len(text), 0)
    return Path(text + ("_placeholder" * (room // 12 + 1))[:room])
