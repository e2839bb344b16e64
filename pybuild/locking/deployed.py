"""The lock of the release in service."""

from __future__ import annotations

import os

from pybuild.load.stack_lock import read_lock
from pybuild.model.stack import Lock, Stack

LOCK = "current/etc/pybuild/stack.lock.json"
"""Where a release keeps a copy of the lock that it was made from, below the stack's root."""


def deployed_lock(stack: Stack) -> Lock | None:
    """Return the lock that the release in service was made from, None where nothing is in service.

    Raises:
        DocumentError: it is there and cannot be read.
    """
    path = os.path.join(stack.root, LOCK)
    return read_lock(path) if os.path.lexists(os.path.join(stack.root, "current")) else None
