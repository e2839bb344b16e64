"""The verification levels and their order."""

from __future__ import annotations

from pybuild.errors import VerificationError
from pybuild.model.plan import PackagePlan

LEVELS = ("built", "linked", "imported", "ranked")
"""From weakest to strongest; each level includes those before it."""


def level_number(level: str) -> int:
    """Return the place of a level in ``LEVELS``.

    Raises:
        VerificationError: there is no such level.
    """
    try:
        return LEVELS.index(level)
    except ValueError:
        message = f"verification level {level!r} is unknown, expected one of {', '.join(LEVELS)}"
        raise VerificationError(message) from None


def reaches(level: str, wanted: str) -> bool:
    """Return whether ``level`` proves at least what ``wanted`` proves.

    Raises:
        VerificationError: one of the two is no level.
    """
    return level_number(level) >= level_number(wanted)


def highest(package: PackagePlan) -> str:
    """Return the highest level that a package's own checks can prove."""
    own = {check.level for check in package.checks}
    return next((level for level in reversed(LEVELS) if level in own), "linked")
