"""The lock of the release in service."""

from __future__ import annotations

import os
from pathlib import Path

from pybuild.load.stack_lock import read_lock
from pybuild.model.stack import Lock, Stack
from pybuild.release import layout


def deployed_lock(stack: Stack) -> Lock | None:
    """Return the lock that the release in service was made from, None where nothing is in service.

    Raises:
        DocumentError: it is there and cannot be read.
    """
    current = layout.current(Path(stack.root))
    return read_lock(str(layout.own_lock(current))) if os.path.lexists(current) else None
