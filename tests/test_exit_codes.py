"""Exit codes have one table, it is complete, and each error of the program has its own code."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from pybuild import errors
from pybuild.errors import ExitCode, PybuildError

TABLE = Path(__file__).parent.parent / "docs" / "exit-codes.md"
ROW = re.compile(r"^\| *(\d+) *\| *`?([A-Z_]+)`? *\| *(\S.*?) *\|", re.MULTILINE)


def rows() -> list[tuple[int, str]]:
    return [(int(number), name) for number, name, _ in ROW.findall(TABLE.read_text())]


def test_every_code_is_documented_and_no_other() -> None:
    """The table has each member once, in order, with a meaning."""
    assert rows() == sorted((int(code), code.name) for code in ExitCode)


@pytest.mark.parametrize(
    "error",
    [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, PybuildError)],
)
def test_every_error_has_a_code_of_the_table(error: type[PybuildError]) -> None:
    """And no two errors share one, so that a script can tell them apart."""
    assert error.code in list(ExitCode)
    assert error.code is not ExitCode.DONE
    kinds = [
        kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, PybuildError)
    ]
    assert [kind.code for kind in kinds].count(error.code) == 1


def test_every_code_but_success_belongs_to_an_error() -> None:
    """A documented code that nothing returns would be a lie."""
    kinds = [
        kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, PybuildError)
    ]
    assert {kind.code for kind in kinds} == set(ExitCode) - {ExitCode.DONE}
