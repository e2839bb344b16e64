"""The names of recipes: those of the folders that hold them."""

from __future__ import annotations

import os

from pybuild.errors import DocumentError


def folders(directory: str) -> list[str]:
    """Return the names of the folders of a directory of recipes; nothing in them is looked at.

    Raises:
        DocumentError: the directory cannot be listed; one that does not exist has no folders.
    """
    try:
        with os.scandir(directory) as entries:
            return [entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DocumentError((f"{directory}:1: cannot be listed: {reason}",)) from error
