"""``pybuild env``: what a shell or a module tool does so that the packages of a prefix run."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from pathlib import Path

from pybuild.cli.settings import existing_prefix
from pybuild.cli.text import put, say
from pybuild.errors import PrefixError, UsageError
from pybuild.plan.running import Running
from pybuild.prefix.scripts import running_of


def activate(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print commands that the user's shell evaluates.

    Raises:
        UsageError: an unknown shell, or none named and ``SHELL`` does not say.
        PrefixError: the prefix is none, or has nothing of ours.
        PlanError: packages that cannot run in one shell.
    """
    from pybuild.plan.activation import activation

    running = _running(arguments, environ)
    shell = arguments.shell or os.path.basename(environ.get("SHELL", ""))
    if not shell:
        raise UsageError("no shell is named and SHELL is not set", hint="add --shell bash")
    text = activation(running, shell)
    _show(running, {"shell": shell, "text": text}, as_json=arguments.json)
    if running.conda and not arguments.json:
        say(f"note: its packages have scripts of their own, so type: conda activate {running.prefix}")
    return 0


def modulefile(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print a modulefile.

    Raises:
        UsageError: an unknown format.
        PrefixError: the prefix is none, or has nothing of ours.
        PlanError: packages that cannot run in one shell.
    """
    from pybuild.plan.modulefile import modulefile as rendered

    running = _running(arguments, environ)
    text = rendered(running, arguments.format)
    _show(running, {"format": arguments.format, "text": text}, as_json=arguments.json)
    return 0


def _show(running: Running, data: Mapping[str, object], *, as_json: bool) -> None:
    if not as_json:
        put(str(data["text"]).rstrip("\n"))
        return
    packages = [
        {"name": one.name, "version": one.version, "site": one.site, "level": one.level}
        for one in running.packages
    ]
    put(
        json.dumps({"prefix": running.prefix, **data, "packages": packages, "conda": running.conda}, indent=1)
    )


def _running(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Running:
    prefix = Path(existing_prefix(arguments, environ))
    running = running_of(prefix)
    if not running.packages:
        raise PrefixError(
            f"{prefix}: has no package that pybuild installed, so nothing is known about how it runs",
            hint=f"pybuild install mpi4py -p {prefix}",
        )
    return running
