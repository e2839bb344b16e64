"""Arguments of ``pybuild completion``."""

from __future__ import annotations

from pybuild.cli.arguments.common import add_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pybuild.cli.arguments.common import Commands


def add(commands: Commands) -> None:
    """Add the command."""
    command = add_command(
        commands, "completion", "print what makes a shell complete pybuild's words", "completion:completion"
    )
    command.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell that evaluates it")
