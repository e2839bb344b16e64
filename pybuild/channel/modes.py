"""Who may read and write what is put into a channel: whoever may do so with its folder.

The umask of whoever builds says nothing about a channel that a group shares; the folder's mode does.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from pybuild.files import add_folder, replace_file


def like_folder(path: Path, folder: Path) -> None:
    """Give a file that we made the read and write permissions of the folder that it is, or will be, in."""
    with contextlib.suppress(PermissionError):  # somebody else's: it has what its owner gave it
        path.chmod(folder.stat().st_mode & 0o666)


def make_folder(path: Path) -> None:
    """Make a folder inside a channel, with the mode of the one that it is in, setgid included.

    Raises:
        OSError: it cannot be made.
    """
    add_folder(path, path.parent.stat().st_mode & 0o2777)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file of a channel so that nobody sees a half of it; a new one is as open as its folder.

    Raises:
        OSError: it cannot be written; the old one is still there.
    """
    replace_file(path, data, mode=path.parent.stat().st_mode & 0o666)
