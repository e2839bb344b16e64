"""Arguments of the commands that resolve a stack file and show what a lock would change."""

from __future__ import annotations

from pybuild.cli.arguments.common import add_stack_command, place_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pybuild.cli.arguments.common import Commands


def add(inner: Commands) -> None:
    """Add the commands."""
    command = add_stack_command(
        inner, "lock", "resolve a stack file to exact versions, hashes and the site as it is", "stack_lock"
    )
    command.add_argument(
        "--upgrade", metavar="NAME", action="append", default=[],
        help="take the newest of this package, python included; the others stay where they can",
    )  # fmt: skip
    command.add_argument(
        "--upgrade-all", action="store_true", help="take the newest of everything, as without a lock"
    )
    command.add_argument("-n", "--dry-run", action="store_true", help="show what would change, write nothing")
    command.add_argument("-v", "--verbose", action="store_true", help="show what pip and builds print")
    place_options(command)
    command = add_stack_command(
        inner, "plan", "show what the lock changes of what is deployed, and what has drifted", "stack_lock"
    )
    command.add_argument(
        "--resolve", action="store_true", help="resolve the stack file anew instead of reading the lock"
    )
    command.add_argument("-v", "--verbose", action="store_true", help="show hashes and addresses in full")
    place_options(command)
