"""How the package index is configured on this machine, as pip itself understands it.

pip merges several configuration files, ``PIP_*`` variables and its own defaults.
Asking it is the only reading of them that cannot differ from what ``pip install`` does here.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pybuild.errors import FetchError
from pybuild.fetch.addresses import redact
from pybuild.process import Captured, capture

# The current directory leaves the module path, so that a stray json.py or pip/ in it is never imported.
_ASK = """
import sys
sys.path[:] = [entry for entry in sys.path if entry not in ("", ".")]
import json
from pip._internal.commands import create_command
options = create_command("download").parse_args([])[0]
names = ("index_url", "extra_index_urls", "find_links", "no_index",
         "cert", "client_cert", "proxy", "timeout", "retries", "trusted_hosts")
print(json.dumps({name: getattr(options, name, None) for name in names}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipConfig:
    """Where files of index projects are looked for; fields that may hold a password stay out of ``repr``.

    Attributes:
        indexes: addresses of simple indexes, in pip's order; empty where pip was told ``no-index``.
        find_links: addresses of directories, pages or archives.
        cert: file of certificate authorities, None for the usual ones.
        client_cert: file with the client's own certificate and key.
        proxy: address of the proxy, None for what the environment says.
        timeout: seconds without an answer before a connection is given up.
        retries: how often a failed request is made again.
        trusted_hosts: hosts that pip asks without a certificate; only pip itself heeds them.
    """

    indexes: tuple[str, ...] = field(default=(), repr=False)
    find_links: tuple[str, ...] = field(default=(), repr=False)
    cert: str | None = None
    client_cert: str | None = None
    proxy: str | None = field(default=None, repr=False)
    timeout: float = 15
    retries: int = 5
    trusted_hosts: tuple[str, ...] = ()


def read_pip_config(env: Mapping[str, str]) -> PipConfig:
    """Ask pip where packages come from on this machine.

    Args:
        env: the user's environment; its ``PIP_*`` variables count, as for pip.

    Raises:
        FetchError: no pip can be asked, or pip refuses its own configuration.
    """
    failure = f"no Python with pip was found beside {sys.executable or 'pybuild'} or on the PATH"
    for python in _pythons(env):
        answer = capture([python, "-c", _ASK], env=env)
        if answer.code == 0:
            return _config(answer.out, python)
        if "No module named 'pip'" not in answer.err:
            failure = f"pip of {python} does not tell how the package index is configured: {_last(answer)}"
            break
    raise FetchError(failure, hint="check that `python3 -m pip config debug` works, then run this again")


def _pythons(env: Mapping[str, str]) -> list[str]:
    on_path = shutil.which("python3", path=env.get("PATH", os.defpath))
    return [python for python in dict.fromkeys((sys.executable, on_path)) if python]


def _last(answer: Captured) -> str:
    lines = [line.strip() for line in answer.err.splitlines() if line.strip()]
    return redact(lines[-1]) if lines else f"exit code {answer.code}"


def _config(out: str, python: str) -> PipConfig:
    # pip may print a warning of its own first; ours is the last line.
    try:
        options: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise FetchError(f"pip of {python} answered with something that is not JSON") from None
    indexes = [options["index_url"], *(options["extra_index_urls"] or ())]
    return PipConfig(
        indexes=() if options["no_index"] else _addresses(indexes),
        find_links=_addresses(options["find_links"] or ()),
        cert=options["cert"] or None,
        client_cert=options["client_cert"] or None,
        proxy=options["proxy"] or None,
        timeout=float(options["timeout"] or 15),
        retries=int(options["retries"] or 0),
        trusted_hosts=tuple(options["trusted_hosts"] or ()),
    )


def _addresses(locations: Any) -> tuple[str, ...]:
    """Return locations as addresses without repetition; pip accepts plain paths as well."""
    addresses = (
        text if "://" in text or text.startswith("file:") else Path(text).expanduser().absolute().as_uri()
        for text in locations
        if text
    )
    return tuple(dict.fromkeys(addresses))
