"""Any value arrives as it is: each language reads back what was quoted for it."""

from __future__ import annotations

import os
import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pybuild.errors import PlanError
from pybuild.model.plan import Edit
from pybuild.plan.activation import activation
from pybuild.plan.modulefile_lua import lua_quoted
from pybuild.plan.modulefile_tcl import tcl_quoted
from pybuild.plan.running import merged
from pybuild.plan.shells import SHELLS
from pybuild.process import capture
from tests.activation.parts import CLEAN, COMMANDS, NASTY, evaluated, installed, package

SPECIAL = "'\"\\`$!*?~#%&|;<>(){}[]^=@:,-+ \t"
TEXT = st.text(st.sampled_from(SPECIAL + "ab0né" + string.digits[1]), max_size=12)
WITH_BREAKS = st.text(st.sampled_from(SPECIAL + "ab0é\n\r\x01\x7f"), max_size=12)
FEW = settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
MANY = [
    "\\!",
    "!!",
    "\\\\!x",
    "''",
    "$x",
    "${x}",
    "=ls",
    "~",
    "a'b'c",
    "\\'",
    "'!'",
    "! ",
    "-n",
    "*",
    "\\",
    "  ",
]


def given_values(shell: str, values: list[str], file: Path) -> list[str]:
    """Return what a shell has after it evaluated an activation with these values."""
    edits = [Edit(kind="set", name=f"V{n}", value=value) for n, value in enumerate(values)]
    edits += [Edit(kind="prepend", name=f"P{n}", value=value) for n, value in enumerate(values)]
    edits += [Edit(kind="set", name=f"E{n}", value=f"<${{{{ env.V{n} }}}}>") for n in range(len(values))]
    file.write_text(activation(merged("/p", [installed(package(None, *edits))], conda=False), shell))
    script = file.with_name("script")
    script.write_text(f"{evaluated(shell, file)}\nenv -0\n")
    start = {f"P{n}": "tail" for n in range(len(values))}
    ended = capture((*COMMANDS[shell], str(script)), env={**CLEAN, **start}, cwd="/")
    found = dict(pair.split("=", 1) for pair in ended.out.split("\0") if "=" in pair)
    for n, value in enumerate(values):
        assert found.get(f"P{n}") == f"{value}:tail", ended.err
        assert found.get(f"E{n}") == f"<{value}>", ended.err
    return [found.get(f"V{n}", "missing") for n in range(len(values))]


@pytest.mark.parametrize("shell", COMMANDS)
@given(values=st.lists(TEXT, min_size=10, max_size=40))
@example(values=[NASTY, *MANY])
@FEW
def test_a_shell_gets_any_value(shell: str, values: list[str], tmp_path: Path) -> None:
    """Set, put in front, and made from another variable."""
    assert given_values(shell, values, tmp_path / "text") == values


@pytest.mark.parametrize("shell", ["bash", "zsh", "sh", "fish"])
def test_line_breaks_stay_where_a_shell_can_hold_them(shell: str, tmp_path: Path) -> None:
    """Only csh cannot."""
    assert given_values(shell, ["a\nb", "\n'\n"], tmp_path / "text") == ["a\nb", "\n'\n"]


def test_csh_refuses_a_line_break_with_a_sentence(tmp_path: Path) -> None:
    """Better than another value than the one that was asked for."""
    with pytest.raises(PlanError, match="csh cannot set a value with a line break"):
        given_values("tcsh", ["a\nb"], tmp_path / "text")


@pytest.mark.parametrize("quote", [*(shell.quote for shell in SHELLS.values()), tcl_quoted, lua_quoted])
def test_no_variable_holds_a_nul(quote: object) -> None:
    """So no text with one is printed."""
    with pytest.raises(PlanError, match="NUL"):
        quote("a\0b")  # type: ignore[operator]


@given(values=st.lists(WITH_BREAKS, min_size=10, max_size=40))
@example(values=[NASTY, "}", "{", "]", "[exit]", "a\nb", "\\", "\\}", '"'])
@FEW
def test_tcl_reads_what_was_quoted(values: list[str], tmp_path: Path) -> None:
    """At the top and inside the braces of ``if``."""
    lines = ["fconfigure stdout -translation lf"]
    for value in values:
        put = f"puts -nonewline {tcl_quoted(value)}; puts -nonewline \\0"
        lines += [put, f"if {{1}} {{ {put} }}"]
    assert read_back(("tclsh",), lines, tmp_path) == [v for v in values for _ in range(2)]


@given(values=st.lists(WITH_BREAKS, min_size=10, max_size=40))
@example(values=[NASTY, "a\nb", "\\", '"', "]]", "\\0", "\x011"])
@FEW
def test_lua_reads_what_was_quoted(values: list[str], tmp_path: Path) -> None:
    """Digits that follow an escape are not part of it."""
    lines = [f'io.write({lua_quoted(value)} .. "\\0")' for value in values]
    assert read_back(("lua5.3",), lines, tmp_path) == values


def read_back(argv: tuple[str, ...], lines: list[str], folder: Path) -> list[str]:
    script = folder / "script"
    script.write_text("\n".join([*lines, ""]))
    ended = capture((*argv, str(script)), env=CLEAN, cwd="/")
    assert ended.code == 0, ended.err
    return ended.out.split("\0")[:-1]


def test_hostile_names_of_loaded_modules_are_not_evaluated(tmp_path: Path) -> None:
    """``LOADEDMODULES`` is the user's to set; the commands made from it are evaluated."""
    from tests.modules.tools import Bench, five, step

    bench = Bench(five(), tmp_path)
    plan = bench.plan(step("unload", "dar*"), init=())
    file = tmp_path / "text"
    file.write_text(activation(merged("/p", [installed(package(plan))], conda=False), "bash"))
    mark = tmp_path / "mark"
    hostile = f"dar;touch${{IFS}}{mark}:dar$(touch {mark})"
    env = {**CLEAN, "LOADEDMODULES": hostile}
    capture(("bash", "-c", f'module() {{ :; }}; eval "$(cat {file})"'), env=env, cwd="/")
    assert not os.path.exists(mark)


def test_csh_does_not_look_for_files_in_what_it_evaluates(tmp_path: Path) -> None:
    """A folder of modulefiles may have a name that csh takes for a pattern without a match."""
    from pybuild.model.modules import ModulePlan

    plan = ModulePlan(site="toy", tool="tcl", folders=("/opt/[modules]*",))
    file, script = tmp_path / "text", tmp_path / "script"
    file.write_text(activation(merged("/p", [installed(package(plan))], conda=False), "tcsh"))
    script.write_text(f"alias module 'setenv USED \\!:2'\n{evaluated('tcsh', file)}\nprintenv USED\n")
    ended = capture((*COMMANDS["tcsh"], str(script)), env=CLEAN, cwd="/")
    assert (ended.out, ended.err) == ("/opt/[modules]*\n", "")
