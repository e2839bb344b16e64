"""Arguments of ``pybuild env``."""

from __future__ import annotations

import argparse

from pybuild.cli.arguments.common import add_command, add_group, place_options, prefix_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pybuild.cli.arguments.common import Commands


def add(commands: Commands) -> None:
    """Add the commands."""
    inner = add_group(commands, "env", "make prefixes, and run what is in them")
    command = add_command(inner, "create", "make a new prefix with Python and pip", "env_create:create")
    command.add_argument(
        "-p", "--prefix", metavar="DIR", help="where it is made; nothing, or an empty folder, may be there"
    )
    command.add_argument(
        "--python", metavar="VERSION|PATH", help="its Python (default: the newest supported)"
    )
    command.add_argument(
        "--installer", metavar="FILE|URL", help="a Miniconda or Miniforge installer that makes it"
    )
    command.add_argument("--sha256", metavar="HASH", help="hash of the installer; it runs only with this one")
    place_options(command)
    command.add_argument("-y", "--yes", action="store_true", help="do not ask")
    command.add_argument("-n", "--dry-run", action="store_true", help="stop after the plan")
    command.add_argument("-v", "--verbose", action="store_true", help="show what is done, line by line")
    command = add_command(inner, "activate", "print commands that a shell evaluates", "env:activate")
    prefix_option(command)
    command.add_argument(
        "--shell", metavar="NAME", help="bash, zsh, sh, csh, tcsh or fish (default: from $SHELL)"
    )
    command = add_command(inner, "modulefile", "print a modulefile that does the same", "env:modulefile")
    prefix_option(command)
    command.add_argument(
        "--format", metavar="FORM", default="tcl", help="tcl (Environment Modules) or lua (Lmod)"
    )
    command = add_command(
        inner, "run", "run a command in the environment of a prefix or stack", "env_run:run", data=False
    )
    prefix_option(command)
    command.add_argument(
        "--stack", metavar="FILE|ROOT", help="the release that a stack has in service, instead of a prefix"
    )
    command.add_argument(
        "words", nargs=argparse.REMAINDER, metavar="COMMAND...",
        help="what to run; everything from its first word on is its own",
    )  # fmt: skip
