"""Arguments of the commands that change what is in service, or look at it."""

from __future__ import annotations

from pybuild.cli.arguments.common import add_stack_command, place_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pybuild.cli.arguments.common import Commands


def add(inner: Commands) -> None:
    """Add the commands."""
    command = add_stack_command(
        inner, "deploy", "make a release of the lock, prove it, and put it in service", "stack_deploy"
    )
    command.add_argument("-y", "--yes", action="store_true", help="do not ask")
    command.add_argument("-j", "--jobs", type=int, metavar="N", help="processes that a build may use")
    command.add_argument(
        "--on", choices=("compute",), help="wait for nodes and start the ranks there, from a login node"
    )
    command.add_argument(
        "--job-options", metavar="WORDS", help="for the command that asks for nodes: --job-options='-A m1234'"
    )
    command.add_argument("-v", "--verbose", action="store_true", help="show what the builds print")
    place_options(command)
    command = add_stack_command(
        inner, "rollback", "put the release before the one in service in its place", "stack_deploy"
    )
    command.add_argument("--to", metavar="RELEASE", help="this release instead: 2026-11-28-1")
    place_options(command)
    command = add_stack_command(
        inner, "status", "what is in service, who uses what, and what has drifted", "stack_deploy"
    )
    place_options(command)
    command = add_stack_command(inner, "prune", "remove releases that nobody needs any more", "stack_deploy")
    command.add_argument(
        "--keep", type=int, metavar="N", help="how many stay (default: keep of the stack file)"
    )
    command.add_argument(
        "--grace", type=float, metavar="HOURS", default=48.0,
        help="a release stays as long after it was in service, for jobs that nobody can see (default: 48)",
    )  # fmt: skip
    command.add_argument("-y", "--yes", action="store_true", help="do not ask")
    command.add_argument("-n", "--dry-run", action="store_true", help="only say what would go")
    place_options(command)
