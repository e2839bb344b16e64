"""What happens on an error that nobody foresaw: a sentence on the screen, the rest in a file."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence

from pybuild import __version__
from pybuild.errors import ExitCode


def report_crash(error: Exception, argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Write the traceback to a file, say where it is, and return the exit code."""
    handle, path = tempfile.mkstemp(prefix="pybuild-crash-", suffix=".txt", dir=environ.get("TMPDIR"))
    with os.fdopen(handle, "w") as file:
        file.write(f"pybuild {__version__}\npython {sys.version}\n{platform.platform()}\n")
        file.write(f"arguments {list(argv)}\n\n")
        traceback.print_exception(error, file=file)
    sys.stderr.write(
        f"error: this should not happen: {type(error).__name__}: {error}\n"
        f"hint: please report it, with the file {path}\n"
    )
    return int(ExitCode.UNEXPECTED)
