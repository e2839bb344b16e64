"""Arguments of ``pybuild search``."""

from __future__ import annotations

from pybuild.cli.arguments.common import add_command, place_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pybuild.cli.arguments.common import Commands


def add(commands: Commands) -> None:
    """Add the command."""
    command = add_command(
        commands, "search", "find a package: recipes, then conda channels, then the index", "search:search"
    )
    command.add_argument("name", metavar="NAME", help="a package's name, or words of a recipe's summary")
    place_options(command)
