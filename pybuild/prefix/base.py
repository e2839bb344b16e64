"""A prefix that an installer fills at its final path: a mark beside it says that it is not whole yet.

Installers write their final path into what they install, so such a prefix cannot be put together elsewhere
and renamed. While the mark stands, whoever takes the prefix's lock removes what is there.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

from pybuild.errors import PrefixError
from pybuild.files import replace_file
from pybuild.prefix import places

_PATIENCE, _PAUSE = 10.0, 0.05  # seconds


def mark(prefix: Path) -> Path:
    """Say that a prefix is about to be filled; return the file, into which the installer's number is written.

    Raises:
        OSError: it cannot be written.
    """
    path = places.unfinished(prefix)
    replace_file(path, "", safe=True)
    return path


def complete(prefix: Path) -> None:
    """Say that the prefix is whole."""
    places.unfinished(prefix).unlink(missing_ok=True)


def undo(prefix: Path) -> str | None:
    """Remove a prefix that an interrupted installer left, and say what it was; None where all is well.

    An installer that goes on, because only the run that had started it was killed, is ended first; the caller
    holds the prefix's lock, so it is nobody's.

    Raises:
        PrefixError: something of it cannot be removed.
    """
    marked = places.unfinished(prefix)
    try:
        number = marked.read_text().strip()
    except FileNotFoundError:
        return None
    _end(number, prefix)
    end = time.monotonic() + _PATIENCE
    while os.path.lexists(prefix):
        shutil.rmtree(prefix, ignore_errors=True)
        if time.monotonic() > end:
            raise PrefixError(
                f"{prefix}: what an interrupted installer left there cannot be removed",
                hint=f"remove it and {marked} by hand",
            )
    marked.unlink(missing_ok=True)
    return f"the installer of {prefix}, whose unfinished prefix was removed"


def _end(number: str, prefix: Path) -> None:
    """Kill an installer's process group, if the number still belongs to one that installs into ``prefix``."""
    with suppress(OSError, ValueError):
        words = Path("/proc", str(int(number)), "cmdline").read_bytes().split(b"\0")
        if os.fsencode(prefix) in words:
            os.killpg(int(number), signal.SIGKILL)
            time.sleep(_PAUSE)
