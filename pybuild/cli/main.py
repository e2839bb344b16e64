"""From the command line to an exit code: the single place where errors become text."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one command and return its exit code (see docs/exit-codes.md).

    Args:
        argv: arguments without the program's name.
        environ: the user's environment; it is read, never changed.
    """
    if "_ARGCOMPLETE" in environ:  # a shell asks which words may follow
        from pybuild.cli.completion import complete

        complete(environ)
    try:
        return _run(argv, environ)
    except SystemExit:  # --help
        raise
    except BaseException as error:
        from pybuild.cli.failure import told

        return told(error, argv, environ)


def _run(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one command; what has nothing to do imports next to nothing, and has nothing to interrupt."""
    if list(argv) == ["--version"]:
        from pybuild import __version__
        from pybuild.cli.text import put

        put(f"pybuild {__version__}")
        return 0
    arguments = _read(argv)
    if arguments.called == "pybuild install":
        from pybuild.cli.satisfied import answered

        if answered(arguments, environ):
            return 0
    import signal

    from pybuild.cli.hints import remember

    signal.signal(signal.SIGTERM, _stop)
    remember(arguments)
    return int(arguments.run(arguments, environ))


def _read(argv: Sequence[str]) -> Any:
    from pybuild.cli.plain import read

    arguments = read(argv)
    if arguments is not None:
        return arguments
    from pybuild.cli.parser import parse

    return parse(argv)


def _stop(number: int, frame: object) -> None:
    """SIGTERM, as batch systems send it, stops a run as Ctrl-C does, for which asyncio has its own way."""
    import signal

    if callable(signal.getsignal(signal.SIGINT)):
        signal.raise_signal(signal.SIGINT)
    else:  # in the background of a shell, Ctrl-C is ignored
        raise KeyboardInterrupt
