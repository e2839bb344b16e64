"""Arguments of the commands on what is installed."""

from __future__ import annotations

import argparse

from pybuild.cli.arguments.common import add_command, place_options, prefix_option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pybuild.cli.arguments.common import Commands


def add(commands: Commands) -> None:
    """Add the commands."""
    command = add_command(
        commands, "list", "list what pybuild installed, and how far it is proven", "prefix:list_"
    )
    prefix_option(command)
    command = add_command(commands, "info", "show everything known about an installed package", "prefix:info")
    command.add_argument("name", metavar="NAME")
    prefix_option(command)
    command = add_command(commands, "log", "print the build log of an installed package", "prefix:log")
    command.add_argument("name", metavar="NAME")
    prefix_option(command)
    command = add_command(
        commands, "verify", "prove installed packages, as far as their checks go", "prefix:verify"
    )
    command.add_argument(
        "names", nargs="*", metavar="NAME", help="default: everything that pybuild installed"
    )
    command.add_argument(
        "--level", choices=("linked", "imported", "ranked"), help="default: the highest possible"
    )
    command.add_argument(
        "--on", choices=("compute",), help="wait for nodes and start the ranks there, from a login node"
    )
    command.add_argument("--submit", action="store_true", help="leave it to a batch job and do not wait")
    command.add_argument(
        "--job-options", metavar="WORDS", help="for the command that asks for nodes: --job-options='-A m1234'"
    )
    command.add_argument("--job", metavar="DIR", help=argparse.SUPPRESS)
    prefix_option(command)
    place_options(command)
    command = add_command(commands, "uninstall", "remove packages that pybuild installed", "prefix:uninstall")
    command.add_argument("names", nargs="+", metavar="NAME")
    prefix_option(command)
    command.add_argument("-y", "--yes", action="store_true", help="do not ask")
    place_options(command)
    command = add_command(
        commands, "doctor", "say what is wrong with this shell and prefix, or with a job", "doctor:doctor"
    )
    command.add_argument(
        "output", nargs="?", metavar="JOB-OUTPUT", help="explain the file that a job wrote, or - for stdin"
    )
    command.add_argument("--node", choices=("login", "compute"), help="where the job ran; default: either")
    prefix_option(command)
    place_options(command)
