"""What a command that failed says, and its exit code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pybuild.cli.text import explain, say
from pybuild.errors import ExitCode, Interrupted, PybuildError


def told(error: BaseException, argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Print an error as one sentence, its hint and, for a build, where to look; return the exit code."""
    if isinstance(error, PybuildError):
        return _explain(error)
    if isinstance(error, KeyboardInterrupt):
        return _explain(Interrupted("interrupted; nothing is half done, the same command goes on"))
    if isinstance(error, BrokenPipeError):
        return int(ExitCode.UNEXPECTED)
    if isinstance(error, OSError):
        return _explain(_system(error))
    if isinstance(error, Exception):
        from pybuild.cli.crash import report_crash

        return report_crash(error, argv, environ)
    raise error


def _explain(error: PybuildError) -> int:
    say(explain(error).rstrip("\n"))
    return int(error.code)


def _system(error: OSError) -> PybuildError:
    """Turn the operating system's refusal into a sentence: a full disk, a missing permission."""
    where = f"{error.filename}: " if error.filename else ""
    reason = (error.strerror or str(error)).lower()
    hints = {28: "make room there, then run the same command again", 122: "your quota there is used up"}
    return PybuildError(f"{where}{reason}", hint=hints.get(error.errno or 0))
