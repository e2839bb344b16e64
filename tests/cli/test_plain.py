"""cli/plain.py: a line that is read without argparse means what argparse would have made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import pybuild.cli.install
import pybuild.cli.prefix
from pybuild.cli.main import main
from pybuild.cli.parser import parse
from pybuild.cli.plain import SHAPES, read
from pybuild.errors import UsageError

PARTS = [part for shape in SHAPES.values() for part in (shape.values, shape.lists, shape.switches)]
OPTIONS = sorted({option for part in PARTS for option in part})
WORDS = st.sampled_from(
    [*OPTIONS, "--verify", "--on", "--jobs", "-j", "--", "-", "", "-1", "-pd", "--prefix=d", "--pref", "-yv",
     "mpi4py", "mpi4py>=4", "a b", "linked", "slurm", "4", "x=y", "-h", "--version", "é"]
)  # fmt: skip
LINES = st.builds(lambda name, words: [name, *words], st.sampled_from([*SHAPES, "info"]), st.lists(WORDS))
PLAIN = [
    ["install", "mpi4py"],
    ["install", "mpi4py", "-y", "-p", "env"],
    ["install", "-p", "env", "mpi4py>=4", "h5py", "--yes"],
    ["install", "mpi4py", "--prefix", "env", "--json", "-n", "--use", "mpi=x", "--use", "compiler=y"],
    ["plan", "mpi4py", "--sites", "s", "--site", "cori", "-p", "d", "--python", "3.11", "--cache", "c"],
    ["plan", "mpi4py", "-o", "plan.json", "--recipes", "a", "--recipes", "b", "--offline", "-v", "--rebuild"],
    ["list"],
    ["list", "-p", "env", "--json"],
]
LEFT = [
    [],
    ["install"],
    ["list", "x"],
    ["install", "a", "-y", "b"],
    ["install", "a", "-p"],
    ["install", "a", "-p", "-y"],
    ["install", "a", "--prefix=env"],
    ["install", "a", "--help"],
    ["install", "a", "--verify", "linked"],
    ["install", "a", "--jobs", "4"],
    ["verify", "a"],
]


def meant(arguments: Any) -> dict[str, object]:
    """Return everything that a command learns of its line but its function."""
    return {name: value for name, value in vars(arguments).items() if name != "run"}


@given(LINES)
@example(["install", "a", "-y", "b"])
@example(["plan", "--recipes", "a", "x", "--recipes", "b"])
def test_what_is_read_is_what_the_parser_reads(argv: list[str]) -> None:
    """Every attribute, the absent options included; what the parser refuses is never read."""
    found = read(argv)
    if found is not None:
        assert meant(found) == meant(parse(argv))


@pytest.mark.parametrize("argv", PLAIN, ids=" ".join)
def test_plain_lines_are_read(argv: list[str]) -> None:
    """Without this, what stands above could prove nothing."""
    found = read(argv)
    assert found is not None
    assert meant(found) == meant(parse(argv))


@pytest.mark.parametrize("argv", LEFT, ids=" ".join)
def test_anything_else_is_left_to_the_parser(argv: list[str]) -> None:
    """Which has the words for mistakes, and knows choices, numbers and abbreviations of options."""
    assert read(argv) is None


@pytest.mark.parametrize(
    ("name", "module", "function"),
    [("install", pybuild.cli.install, "install"), ("plan", pybuild.cli.install, "plan"),
     ("list", pybuild.cli.prefix, "list_")],
)  # fmt: skip
def test_the_same_function_runs(
    name: str, module: Any, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has read the line."""
    monkeypatch.setattr(module, function, lambda arguments, environ: 7)
    argv = [name, *(["x"] if name != "list" else [])]
    found = read(argv)
    assert found is not None
    assert found.run(found, {}) == parse(argv).run(found, {}) == 7


def test_two_lines_share_no_list() -> None:
    """What one names is not what the next one names."""
    first = read(["install", "x", "--recipes", "a"])
    second = read(["install", "x"])
    assert (meant(first)["recipes"], meant(second)["recipes"]) == (["a"], [])


def test_the_version_is_what_the_parser_prints(capsys: pytest.CaptureFixture[str]) -> None:
    """It is printed without the parser."""
    assert main(["--version"], {}) == 0
    printed = capsys.readouterr().out
    with pytest.raises(SystemExit):
        parse(["--version"])
    assert printed == capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["-p", "env"]])
def test_a_slip_in_the_words_for_jobs_is_told_first(words: list[str], tmp_path: Path) -> None:
    """Before anything is looked at, also where no prefix is named."""
    from pybuild.cli.satisfied import answered

    with pytest.raises(UsageError, match="--job-options is for asking"):
        answered(parse(["install", "x", "--job-options=-A m1", *words]), {})
