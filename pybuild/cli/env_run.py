"""``pybuild env run``: a command in the environment of a prefix, by the same program that activates it."""

from __future__ import annotations

import os
from pathlib import Path

from pybuild.cli.settings import demand_prefix, named_file, prefix_of
from pybuild.errors import PrefixError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

BASH = "/bin/bash"


def run(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Become the command: signals and its exit code are its own, nothing of pybuild stays behind.

    Where the site's modules cannot be made as the packages need them, the command is not started, and the
    exit code is that of a module tool's failure; 127 where there is no such command.

    Raises:
        UsageError: no command is named, or a prefix and a stack are, or neither.
        PrefixError: the prefix is none, or the stack has no release in service.
    """
    from pybuild.process import become

    words = arguments.words[1:] if arguments.words[:1] == ["--"] else arguments.words
    if not words:
        raise UsageError("no command to run is named", hint="pybuild env run --help")
    if arguments.stack and arguments.prefix:
        raise UsageError("--prefix and --stack name two environments", hint="leave one of them out")
    prefix = Path(_in_service(arguments.stack) if arguments.stack else prefix_of(arguments, environ))
    become((BASH, "-p", *_program(prefix), "run", "sh", "own", *words), env=environ)


def _program(prefix: Path) -> tuple[str, ...]:
    """Return bash's words for the prefix's program; a prefix of an older pybuild has none on disk."""
    from pybuild.plan.prefix_scripts import PROGRAM_FILE, prefix_scripts
    from pybuild.prefix.scripts import running_of

    file = prefix / PROGRAM_FILE
    if file.exists():
        return (str(file),)
    demand_prefix(str(prefix))
    return ("-c", prefix_scripts(running_of(prefix))[PROGRAM_FILE], "pybuild")


def _in_service(named: str) -> str:
    """Return the release that a stack has in service, by its own path: a later switch does not move it.

    Args:
        named: the stack's file, or the folder that holds its releases.

    Raises:
        DocumentError: the stack file is wrong.
        PrefixError: no release is in service.
    """
    path = os.path.abspath(os.path.expanduser(named))
    if not os.path.isdir(path):
        from pybuild.load.stack import load_stack

        path = load_stack(named_file("--stack", named)).root
    link = os.path.join(path, "current")
    if not os.path.isdir(link):
        raise PrefixError(
            f"{link}: there is no release in service", hint="pybuild stack status, or name a prefix with -p"
        )
    return os.path.normpath(os.path.join(path, os.readlink(link) if os.path.islink(link) else link))
