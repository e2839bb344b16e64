"""The stack file that a command is about."""

from __future__ import annotations

import os

from pybuild.cli.settings import named_file
from pybuild.errors import UsageError
from pybuild.load.stack import load_stack

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from pybuild.model.stack import Stack


def stack_of(arguments: argparse.Namespace) -> Stack:
    """Return the stack that a command is about.

    Raises:
        UsageError: no file is named and there is none here, or it is for another site.
        DocumentError: the file is wrong.
    """
    path = os.path.abspath(os.path.expanduser(arguments.file))
    if not os.path.exists(path):
        raise UsageError(
            f"{path}: there is no stack file",
            hint=f"docs/stacks.md shows how one is written; or name it: {arguments.called} FILE",
        )
    stack = load_stack(named_file("stack file", arguments.file))
    if arguments.site and stack.site and arguments.site != stack.site:
        raise UsageError(
            f"--site {arguments.site}: {path} is a stack of {stack.site}", hint="leave out --site"
        )
    return stack
