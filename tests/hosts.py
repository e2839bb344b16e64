"""Commands that run under another host name: a site tells login and compute nodes apart by it."""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Sequence

import pytest


def under(host: str, command: Sequence[str]) -> list[str]:
    """Return an argv that runs ``command`` where this machine is called ``host``.

    Skips the test where nobody but root may do that, and we are not root.
    """
    return ["unshare", *_options(), "sh", "-c", f'hostname {host} && exec "$@"', "sh", *command]


@functools.cache
def _options() -> tuple[str, ...]:
    if os.geteuid() == 0:
        return ("--uts",)
    options = ("--map-root-user", "--uts")
    if subprocess.run(["unshare", *options, "true"], capture_output=True, check=False).returncode:
        pytest.skip("neither root nor a user name space is there to give this machine another name")
    return options
