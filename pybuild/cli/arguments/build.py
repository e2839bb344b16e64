"""Arguments of the commands about builds and their records."""

from __future__ import annotations

import argparse

from pybuild.cli.arguments.common import add_command, add_group, file_options, jobs_option, place_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pybuild.cli.arguments.common import Commands


def add(commands: Commands) -> None:
    """Add the commands."""
    command = add_command(
        commands, "build", "build single packages of a plan file into the channel", "build:build"
    )
    command.add_argument("plan", metavar="PLAN", help="a file that pybuild plan --output wrote")
    command.add_argument("keys", nargs="+", metavar="KEY", help="key or name of a package that it builds")
    jobs_option(command)
    command.add_argument("--record", metavar="DIR", help=argparse.SUPPRESS)
    command.add_argument("--jobserver", metavar="FIFO", default="", help=argparse.SUPPRESS)
    command.add_argument("-v", "--verbose", action="store_true", help="show what the build prints")
    file_options(command)
    command.set_defaults(site=None, recipes=[], sites=[], channel=None)  # the plan file says them
    command = add_command(
        commands, "report", "write a page on a run: when what was built, and why it took so long",
        "report:report",
    )  # fmt: skip
    command.add_argument("run_name", nargs="?", metavar="RUN", help="name of a run (default: the newest)")
    command.add_argument("-p", "--prefix", metavar="DIR", help="the newest run for this prefix")
    command.add_argument("-o", "--output", metavar="FILE", help="where to write the page (default: RUN.html)")
    command.add_argument("--list", action="store_true", help="list the runs that are kept")
    place_options(command)
    inner = add_group(commands, "jobs", "look at, wait for and cancel builds in batch jobs")
    for name, text in (
        ("status", "say how far the jobs of a run are"),
        ("wait", "follow the jobs of a run to their end"),
        ("cancel", "cancel what is left of a run's jobs"),
        ("install", "what the last job of a run does: install and prove what the others built"),
    ):
        command = add_command(inner, name, text, f"jobs:{name}", hidden=name == "install")
        command.add_argument("run_name", nargs="?", metavar="RUN", help="name of a run (default: the newest)")
        command.add_argument("-p", "--prefix", metavar="DIR", help="the newest run for this prefix")
        place_options(command)
