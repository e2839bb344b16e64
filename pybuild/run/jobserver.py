"""One budget of processes for all builds: GNU make's jobserver, with a named pipe for its tokens.

A named pipe serves both forms of the protocol: make 4.4 and ninja 1.13 open it by its name
(``--jobserver-auth=fifo:PATH``), make 4.3 and older get it as two open files (``--jobserver-auth=R,W``).
GNU make manual, "POSIX Jobserver Interaction".

Here the pipe holds the whole budget. Whoever starts a build takes one token for it, which is the one that
the build may always use; make and its kin take further ones from the pipe.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress


class Jobserver:
    """The tokens of one run, in a folder of its own.

    Args:
        budget: how many processes may work at once.

    Raises:
        OSError: the pipe cannot be made.
    """

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self._folder = tempfile.mkdtemp(prefix="pybuild-jobs-")
        self.path = os.path.join(self._folder, "fifo")
        os.mkfifo(self.path, 0o600)
        # Open for both, or the first reader would wait for a writer.
        self._pipe = os.open(self.path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        os.write(self._pipe, b"+" * budget)

    def take(self) -> bool:
        """Take a token if there is one."""
        return take(self._pipe)

    def give(self) -> None:
        """Give a token back."""
        os.write(self._pipe, b"+")

    def refill(self) -> None:
        """Put the whole budget back: for moments when nobody works, because the killed take tokens along."""
        with suppress(BlockingIOError):
            while os.read(self._pipe, 4096):
                pass
        os.write(self._pipe, b"+" * self.budget)

    def close(self) -> None:
        """Remove the pipe."""
        os.close(self._pipe)
        shutil.rmtree(self._folder, ignore_errors=True)


def take(pipe: int) -> bool:
    """Take a token from a pipe that does not block, if there is one."""
    try:
        return bool(os.read(pipe, 1))
    except BlockingIOError:
        return False
