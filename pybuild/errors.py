"""Every error a user can meet, with its exit code and, where there is one, the next command to type.

An error's message is one lower-case sentence that names the file and key at fault,
what was found and what was expected.
Only ``pybuild.cli`` turns an error into text on a terminal.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the exit code of ``pybuild`` means; the table in docs/exit-codes.md is made from it."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    DOCUMENT = 3
    PLAN = 4
    BUILD = 5
    FETCH = 6
    CHECKSUM = 7
    ARCHIVE = 8
    MODULES = 9
    PREFIX = 10
    VERIFICATION = 11
    CHANNEL = 12
    OUT_OF_TIME = 13
    INTERRUPTED = 130


class PybuildError(Exception):
    """A failure that is explained in one sentence.

    Args:
        message: one lower-case sentence without a full stop.
        hint: what to type or change next, without the word ``hint``; None where nothing helps.
    """

    code = ExitCode.UNEXPECTED

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(PybuildError):
    """The command line asks for something that makes no sense."""

    code = ExitCode.USAGE


class DocumentError(PybuildError):
    """A recipe, site, configuration or schema file is wrong.

    Args:
        problems: every problem found, each one sentence that begins ``file:line:``.
    """

    code = ExitCode.DOCUMENT

    def __init__(self, problems: tuple[str, ...], *, hint: str | None = None) -> None:
        super().__init__("\n".join(problems), hint=hint)
        self.problems = problems


class PlanError(PybuildError):
    """The request cannot be met: no such package, version, option, provider, Python; a cycle; a conflict."""

    code = ExitCode.PLAN


class BuildError(PybuildError):
    """A build step failed.

    Args:
        log: path of the build's log.
        tail: the last relevant lines of the log.
        reopen: path of a script that reopens the failing step.
    """

    code = ExitCode.BUILD

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        log: str | None = None,
        tail: tuple[str, ...] = (),
        reopen: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.log = log
        self.tail = tail
        self.reopen = reopen


class FetchError(PybuildError):
    """A source could not be found or downloaded."""

    code = ExitCode.FETCH


class ChecksumError(PybuildError):
    """Bytes are not the bytes that the recipe names."""

    code = ExitCode.CHECKSUM


class ArchiveError(PybuildError):
    """An archive is damaged or tries to write outside its folder, or a patch does not apply."""

    code = ExitCode.ARCHIVE


class ModuleToolError(PybuildError):
    """A module operation did not do what the plan needs."""

    code = ExitCode.MODULES


class PrefixError(PybuildError):
    """The target prefix cannot be used, locked or changed."""

    code = ExitCode.PREFIX


class VerificationError(PybuildError):
    """A package is not what it must be: links the wrong library, does not import, ranks disagree."""

    code = ExitCode.VERIFICATION


class ChannelError(PybuildError):
    """A channel cannot be read or written."""

    code = ExitCode.CHANNEL


class Interrupted(PybuildError):
    """The user, or a batch system's time limit, asked to stop."""

    code = ExitCode.INTERRUPTED


class OutOfTimeError(PybuildError):
    """A batch job was warned that its time is nearly over, and stopped cleanly."""

    code = ExitCode.OUT_OF_TIME
