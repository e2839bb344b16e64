"""The order of the verification levels."""

from __future__ import annotations

import pytest

from pybuild.errors import VerificationError
from pybuild.verify import levels


def test_levels_are_ordered_from_built_to_ranked() -> None:
    """Each level reaches itself and the weaker ones, and no stronger one."""
    for number, level in enumerate(levels.LEVELS):
        reached = [other for other in levels.LEVELS if levels.reaches(level, other)]
        assert reached == list(levels.LEVELS[: number + 1])


def test_an_unknown_level_is_refused_with_the_known_ones() -> None:
    """A level from a foreign record does not pass as weak or strong."""
    with pytest.raises(VerificationError, match="'proven' is unknown, expected one of built, linked"):
        levels.reaches("ranked", "proven")
