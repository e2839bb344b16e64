# PYTHON_ARGCOMPLETE_OK
"""Entry point of the command ``pybuild`` and of ``python -m pybuild``."""

from __future__ import annotations

import os
import sys


def run() -> None:
    """Run the command line and end the process with its exit code.

    The interpreter is not shut down: with py-rattler's threads about it sometimes aborts (see
    ``pybuild.conda``), and there is nothing to clean up that a killed run would not have to leave as well.
    """
    _open_streams()
    from pybuild.cli.main import main

    try:
        code = main(sys.argv[1:], os.environ)
    except SystemExit as end:  # --help and --version
        code = end.code if isinstance(end.code, int) else 0
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:  # whoever read it has seen enough
            pass
        except OSError:
            code = code or 1
    os._exit(code)


def _open_streams() -> None:
    """Put something behind the standard streams that the caller closed.

    Python leaves None in their place, and the next file to be opened, or a child's, would get their number.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            handle = os.open(os.devnull, os.O_RDWR)
            if handle != number:
                os.dup2(handle, number)
                os.close(handle)
            setattr(sys, name, open(number, mode))  # noqa: SIM115 it stays open


if __name__ == "__main__":
    run()
