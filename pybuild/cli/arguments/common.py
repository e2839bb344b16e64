"""What the commands' arguments have in common."""

from __future__ import annotations

import argparse
import os
import sys

from pybuild.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, NoReturn, TypeAlias

    Command = Callable[[argparse.Namespace, Mapping[str, str]], int]
    Commands: TypeAlias = "argparse._SubParsersAction[Parser]"


def _columns() -> int:
    """Return the width of the terminal as ``shutil.get_terminal_size`` finds it."""
    told = os.environ.get("COLUMNS", "")
    if told.isdecimal() and int(told) > 0:
        return int(told)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80  # type: ignore[union-attr]
    except (AttributeError, ValueError, OSError):
        return 80


class Parser(argparse.ArgumentParser):
    """Reports mistakes the way every other error is reported."""

    def _get_formatter(self) -> argparse.HelpFormatter:
        """Give the formatter its width.

        argparse makes one for each argument that is added, and imports shutil for its width, and so three
        compressors: a sixth of the time, and ten of the files, of a command that has nothing to do.
        """
        return self.formatter_class(prog=self.prog, width=_columns() - 2)  # type: ignore[call-arg]

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing.

        Raises:
            UsageError: always.
        """
        raise UsageError(message[:1].lower() + message[1:], hint=f"{self.prog} --help")


def add_command(
    commands: Commands, name: str, text: str, run: str, *, hidden: bool = False, data: bool = True
) -> Parser:
    """Add a command and return its parser.

    Args:
        text: one line of help.
        run: ``module:function`` below ``pybuild.cli``, imported only when the command is called.
        hidden: no help lists it, because only pybuild itself calls it.
        data: it can print data for programs.
    """
    listed: dict[str, Any] = {} if hidden else {"help": text}
    command = commands.add_parser(
        name, description=text[:1].upper() + text[1:] + ".", allow_abbrev=False, **listed
    )
    if data:
        command.add_argument("--json", action="store_true", help="print data for programs")
    command.set_defaults(run=_later(run), called=command.prog)
    return command


def _later(place: str) -> Command:
    """Return a function that imports its module only when it is called: a command loads what it needs."""
    module, name = place.split(":")

    def run(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
        from importlib import import_module

        return int(getattr(import_module(f"pybuild.cli.{module}"), name)(arguments, environ))

    return run


def add_stack_command(commands: Commands, name: str, text: str, module: str) -> Parser:
    """Add a command that takes a stack file; its function has the command's name."""
    command = add_command(commands, name, text, f"{module}:{name}")
    command.add_argument(
        "file", nargs="?", metavar="FILE", default="stack.yaml", help="the stack file (default: stack.yaml)"
    )
    return command


def add_group(commands: Commands, name: str, text: str) -> Commands:
    """Add a command that only has commands of its own; return where these are added."""
    group = commands.add_parser(name, help=text)
    return group.add_subparsers(title="commands", metavar="COMMAND", required=True, prog=f"pybuild {name}")


def prefix_option(command: Parser, *, must_exist: bool = True) -> None:
    """Add ``--prefix``."""
    text = "the conda prefix" if must_exist else "the conda prefix; made if it does not exist"
    command.add_argument("-p", "--prefix", metavar="DIR", help=f"{text} (default: $CONDA_PREFIX)")


def place_options(command: Parser) -> None:
    """Add the options that say where recipes, sites, files, the channel and the cache are."""
    command.add_argument("--site", metavar="NAME", help="the site, instead of detecting it")
    command.add_argument(
        "--recipes", metavar="DIR", action="append", default=[], help="more recipes, looked at first"
    )
    command.add_argument(
        "--sites", metavar="DIR", action="append", default=[], help="more sites, looked at first"
    )
    command.add_argument("--channel", metavar="DIR", help="conda channel for built packages")
    file_options(command)


def file_options(command: Parser) -> None:
    """Add the options that say where files come from, and what is made of them."""
    command.add_argument("--cache", metavar="DIR", help="folder for sources, stages and logs")
    command.add_argument(
        "--mirror", metavar="DIR", help="take files from this folder of `pybuild mirror create` first"
    )
    command.add_argument("--offline", action="store_true", help="ask nothing over the network")


def jobs_option(command: Parser) -> None:
    """Add ``--jobs``."""
    command.add_argument(
        "-j", "--jobs", type=int, metavar="N", help="processes that all builds together may use"
    )
