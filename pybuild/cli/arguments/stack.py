"""Arguments of ``pybuild stack``."""

from __future__ import annotations

from pybuild.cli.arguments import stack_deploy, stack_lock
from pybuild.cli.arguments.common import add_group

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pybuild.cli.arguments.common import Commands


def add(commands: Commands) -> None:
    """Add the commands."""
    inner = add_group(commands, "stack", "the shared environment of a collaboration: lock, deploy, roll back")
    stack_lock.add(inner)
    stack_deploy.add(inner)
