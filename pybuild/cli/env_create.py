"""``pybuild env create``: a new prefix, from channels, the machine's Python or an installer of conda's."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from pybuild.cli.install import confirm, show
from pybuild.cli.settings import demand_python, settings_of
from pybuild.cli.text import put, say
from pybuild.errors import PrefixError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from pybuild.model.stack import Installer
    from pybuild.workflow import Settings


def create(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Make the prefix, all or nothing.

    Raises:
        UsageError: no prefix is named, or options that do not go together.
        PrefixError: something is there already.
        PybuildError: as planning, fetching and installing find it.
    """
    from pybuild.cli.progress import Screen
    from pybuild.commit import finish_interrupted

    if not arguments.prefix:
        raise UsageError("no prefix is named", hint="pybuild env create --prefix DIR")
    prefix = os.path.abspath(os.path.expanduser(arguments.prefix))
    installer = _installer(arguments)
    demand_python(arguments.python)
    with Screen(verbose=arguments.verbose) as screen:
        settings = settings_of(arguments, environ, screen)
        if not arguments.dry_run:
            finish_interrupted(prefix, settings)
        _demand_room(prefix)
        done = (
            _by_installer(installer, prefix, arguments, settings)
            if installer
            else _directly(prefix, arguments, settings)
        )
    if done and arguments.json:
        put(json.dumps({"prefix": prefix}))
    elif done:
        say(f"done: {prefix}; next: pybuild install SPEC -p {prefix}")
    return 0


def _demand_room(prefix: str) -> None:
    """Check that nothing but an empty folder is where the prefix is to be.

    Raises:
        PrefixError: something is.
    """
    if not os.path.lexists(prefix) or (os.path.isdir(prefix) and not os.listdir(prefix)):
        return
    made = os.path.exists(os.path.join(prefix, "conda-meta", "history"))
    raise PrefixError(
        f"{prefix}: exists already" + ("" if made else ", and is no conda prefix"),
        hint=f"pybuild install SPEC -p {prefix}" if made else "name another --prefix",
    )


def _installer(arguments: argparse.Namespace) -> Installer | None:
    from pybuild.model.stack import Installer

    file, sha256 = arguments.installer, arguments.sha256
    if bool(file) != bool(sha256):
        raise UsageError(
            "--installer and --sha256 belong together", hint="take the hash from the installer's publisher"
        )
    if not file:
        return None
    if arguments.python:
        raise UsageError("an installer brings its own Python", hint="leave --python out")
    if not re.fullmatch("[0-9a-fA-F]{64}", sha256):
        raise UsageError(f"--sha256: found {sha256!r}, expected 64 digits and letters a to f")
    if "://" not in file:
        file = os.path.abspath(os.path.expanduser(file))
    return Installer(file=file, sha256=sha256.lower())


def _by_installer(
    installer: Installer, prefix: str, arguments: argparse.Namespace, settings: Settings
) -> bool:
    """Make the prefix unless that was only a question; return whether it was made."""
    from pybuild.base import create_base
    from pybuild.workflow import shell_notes

    for note in shell_notes(prefix, settings):
        say(f"note: {note}")
    say(f"{installer.file} (sha256 {installer.sha256})\n  run as: bash FILE -b -p {prefix}")
    if not arguments.dry_run:
        confirm(None, arguments)
        if os.path.isdir(prefix):  # an empty one; installers want to make it
            os.rmdir(prefix)
        create_base(installer, Path(prefix), settings)
    return not arguments.dry_run


def _directly(prefix: str, arguments: argparse.Namespace, settings: Settings) -> bool:
    from pybuild.model.request import Request
    from pybuild.workflow import carry_out, prepare

    request = Request(specs=(), prefix=prefix, python=arguments.python)
    made = prepare(request, settings, acting=not arguments.dry_run)
    show(made, arguments, put if arguments.dry_run else say)
    if not arguments.dry_run:
        confirm(made, arguments)
        carry_out(made, settings)
    return not arguments.dry_run
