"""What happens on an error that nobody foresaw: a sentence on the screen, the rest in a file."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence

from pybuild import __version__
from pybuild.errors import ExitCode


def report_crash(error: Exception, argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Write the traceback to a file, say where it is, and return the exit code.

    Where no folder takes a file, the place of the error is said instead.
    """
    text = f"pybuild {__version__}\npython {sys.version}\n{platform.platform()}\narguments {list(argv)}\n\n"
    text += "".join(traceback.format_exception(error))
    path = _written(text, (environ.get("TMPDIR"), "/tmp", "."))  # noqa: S108 mkstemp takes no file of others
    sys.stderr.write(f"error: this should not happen: {type(error).__name__}: {error}\n")
    if path:
        sys.stderr.write(f"hint: please report it, with the file {path}\n")
    else:
        frames = traceback.extract_tb(error.__traceback__)
        place = f", at {frames[-1].filename}:{frames[-1].lineno} in {frames[-1].name}" if frames else ""
        sys.stderr.write(f"hint: please report it{place}; no folder took a file with more\n")
    return int(ExitCode.UNEXPECTED)


def _written(text: str, folders: Sequence[str | None]) -> str | None:
    """Return the path of a new file with this text in the first folder that takes one, or None."""
    for folder in folders:
        path = None
        try:
            if folder:
                handle, path = tempfile.mkstemp(prefix="pybuild-crash-", suffix=".txt", dir=folder)
                with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                    file.write(text)
                return path
        except OSError:  # a disk may also be full
            with contextlib.suppress(OSError):
                os.unlink(path or "")
    return None
