"""Arguments of the commands that change what is in service, or look at it."""

from __future__ import annotations

from pybuild.cli.arguments.common import add_command, place_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pybuild.cli.arguments.common import Commands, Parser


def add(inner: Commands) -> None:
    """Add the commands."""
    command = _command(inner, "deploy", "make a release of the lock, prove it, and put it in service")
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
    command = _command(inner, "rollback", "put the release before the one in service in its place")
    command.add_argument("--to", metavar="RELEASE", help="this release instead: 2026-11-28-1")
    place_options(command)
    command = _command(inner, "status", "what is in service, who uses what, and what has drifted")
    place_options(command)
    command = _command(inner, "prune", "remove releases that nobody needs any more")
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


def _command(inner: Commands, name: str, text: str) -> Parser:
    command = add_command(inner, name, text, f"stack_deploy:{name}")
    command.add_argument("file", nargs="?", metavar="FILE", default="stack.yaml",
                         help="the stack file (default: stack.yaml)")  # fmt: skip
    return command
