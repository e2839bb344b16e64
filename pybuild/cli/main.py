"""From the command line to an exit code: the single place where errors become text."""

from __future__ import annotations

import signal

from pybuild.errors import ExitCode, Interrupted, PybuildError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one command and return its exit code (see docs/exit-codes.md).

    Args:
        argv: arguments without the program's name.
        environ: the user's environment; it is read, never changed.
    """
    if "_ARGCOMPLETE" in environ:  # a shell asks which words may follow
        from pybuild.cli.completion import complete

        complete(environ)
    from pybuild.cli.hints import remember
    from pybuild.cli.parser import parse

    try:
        signal.signal(signal.SIGTERM, _stop)
        arguments = parse(argv)
        remember(arguments)
        return int(arguments.run(arguments, environ))
    except PybuildError as error:
        return _explain(error)
    except KeyboardInterrupt:
        return _explain(Interrupted("interrupted; nothing is half done, the same command goes on"))
    except BrokenPipeError:
        return int(ExitCode.UNEXPECTED)
    except OSError as error:
        return _explain(_system(error))
    except Exception as error:
        from pybuild.cli.crash import report_crash

        return report_crash(error, argv, environ)


def _stop(number: int, frame: object) -> None:
    """SIGTERM, as batch systems send it, stops a run as Ctrl-C does, for which asyncio has its own way."""
    if callable(signal.getsignal(signal.SIGINT)):
        signal.raise_signal(signal.SIGINT)
    else:  # in the background of a shell, Ctrl-C is ignored
        raise KeyboardInterrupt


def _explain(error: PybuildError) -> int:
    """Print an error as one sentence, its hint and, for a build, where to look; return its code."""
    from pybuild.cli.text import explain, say

    say(explain(error).rstrip("\n"))
    return int(error.code)


def _system(error: OSError) -> PybuildError:
    """Turn the operating system's refusal into a sentence: a full disk, a missing permission."""
    where = f"{error.filename}: " if error.filename else ""
    reason = (error.strerror or str(error)).lower()
    hints = {28: "make room there, then run the same command again", 122: "your quota there is used up"}
    return PybuildError(f"{where}{reason}", hint=hints.get(error.errno or 0))
