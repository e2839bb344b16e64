"""The command line: which commands there are, and whose arguments stand where."""

from __future__ import annotations

import argparse
from importlib import import_module

from pybuild import __version__
from pybuild.cli.arguments.common import Parser
from pybuild.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GROUPS = {
    "install": ("install", "plan", "script", "explain", "upgrade"),
    "build": ("build", "report", "jobs"),
    "prefix": ("list", "info", "log", "verify", "uninstall", "doctor"),
    "search": ("search",),
    "recipe": ("recipe",),
    "site": ("site",),
    "env": ("env",),
    "stack": ("stack",),
    "channel": ("channel",),
    "mirror": ("mirror",),
    "completion": ("completion",),
}
"""File below ``arguments/`` -> the commands that it adds, in the order of ``--help``."""

_EPILOG = """\
start here:
  pybuild install mpi4py --prefix myenv     build mpi4py for this machine, into the conda prefix myenv
  pybuild plan mpi4py --prefix myenv        only show what that would do
  pybuild list --prefix myenv               what was installed, and how far it is proven
"""


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Return the parsed arguments; ``run`` is the command's function.

    Raises:
        UsageError: no such command or option, or a missing argument.
    """
    arguments, unknown = parser_of(groups_of(argv)).parse_known_args(argv)
    if unknown:
        # argparse would say so itself, but send the user to the help of all commands.
        raise UsageError(f"unrecognized arguments: {' '.join(unknown)}", hint=f"{arguments.called} --help")
    return arguments


def parser_of(groups: Iterable[str] = tuple(GROUPS)) -> Parser:
    """Return the parser of these groups of commands."""
    parser = Parser(
        prog="pybuild",
        description="Build HPC Python packages from source, for this site, into a conda prefix.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"pybuild {__version__}")
    # Naming prog keeps argparse from formatting a usage line now, for which it would import shutil.
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, prog="pybuild")
    for group in groups:
        import_module(f"pybuild.cli.arguments.{group}").add(commands)
    return parser


def groups_of(argv: Sequence[str]) -> Iterable[str]:
    """Return the groups that a command line needs: one where it names a command, else all for the help."""
    if argv[:1] == ["--version"]:
        return ()
    named = [group for group, names in GROUPS.items() if argv[:1] and argv[0] in names]
    return named or tuple(GROUPS)
