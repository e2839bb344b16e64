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
    from pybuild.cli.main import main

    code = main(sys.argv[1:], os.environ)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # whoever read our output has left
        code = code or 1
    os._exit(code)


if __name__ == "__main__":
    run()
