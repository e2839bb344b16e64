"""What an installation below a prefix of its own left: gathered, and refused where it is not its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from pybuild.errors import BuildError


def gather(dist: Path, host: Path, staging: Path) -> None:
    """Move everything below ``dist`` + ``host`` into ``staging``.

    Libtool's ``*.la`` files are left out: they name the folders of the build and nobody needs them.

    Raises:
        BuildError: nothing was installed, or something was installed outside the prefix.
    """
    inside = Path(f"{dist}{host}")
    outside = [path for path in _files(dist) if inside not in path.parents]
    if outside:
        shown = ", ".join(f"/{path.relative_to(dist)}" for path in outside[:3])
        more = f" and {len(outside) - 3} more" if len(outside) > 3 else ""
        raise BuildError(
            f"it installs outside its prefix: found {shown}{more}, expected everything below $PREFIX"
        )
    if not inside.is_dir():
        raise BuildError("it installed nothing below $DESTDIR$PREFIX; its install command must heed DESTDIR")
    for path in list(_files(inside)):
        if path.suffix == ".la":
            path.unlink()
    shutil.copytree(inside, staging, symlinks=True, dirs_exist_ok=True, copy_function=os.rename)
    shutil.rmtree(inside)


def _files(folder: Path) -> Iterator[Path]:
    """Yield every file and link below a folder."""
    for here, folders, files in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(here, name))]
        yield from (Path(here, name) for name in (*files, *links))
