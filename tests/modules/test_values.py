"""Whatever modulefiles set, print or define: the captured values are exactly those that they set."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pybuild.model.modules import ModulePlan
from pybuild.modules.capture import capture
from tests.modules.tools import Bench, five, step, values

FAKE = """
module() {
  case "$1" in
    use) export MODULEPATH="$2${MODULEPATH:+:$MODULEPATH}" ;;
    load) export LOADEDMODULES="${LOADEDMODULES:+$LOADEDMODULES:}$2" ;;
  esac
}
"""
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize(
    "value",
    [
        "two  spaces",
        "it's",
        'say "hello"',
        "$HOME and `id` and $(id)",
        "back\\slash",
        "a;b&c|d<e>f",
        "*",
        "#!~{}[]",
    ],
)
def test_a_value_passes_unharmed(bench: Bench, value: str) -> None:
    """Through the modulefile, the tool's shell code, the shell and the reading.

    The real 3.2 fails one of these: it hands backquotes to the shell unquoted.
    """
    escaped = "".join(f"\\{c}" if c in '\\"$[]{};' else c for c in value)
    bench.write("odd/1", f'setenv ODD "{escaped}"')
    assert values(bench.capture(step("load", "odd")))["ODD"] == value


def test_a_value_of_several_lines(tmp_path: Path) -> None:
    """What looks like another variable, a marker or an end is only part of the value."""
    init = tmp_path / "init"
    init.write_text(f"{FAKE}\nexport ODD='one\nLD_PRELOAD=two\nend\n1\n'\n")
    captured = dict(capture(ModulePlan(site="toy", tool="tcl", init=(str(init),))).environment)
    assert captured["ODD"] == "one\nLD_PRELOAD=two\nend\n1\n"
    assert "LD_PRELOAD" not in captured


def test_a_value_that_the_tool_itself_spoils(tmp_path: Path) -> None:
    """Environment Modules 5.2 does not quote a newline: what follows is lost, and the module is loaded.

    Such an environment is not what the module says, so it is refused.
    """
    bench = Bench(five(), tmp_path)
    bench.write("odd/1", 'setenv ODD "one\\ntwo\\n"')
    for wanted, shown in (
        ({"baseline": ("odd",)}, "odd of the baseline"),
        ({"steps": (step("load", "odd"),)}, "load odd (site toy: rule r)"),
    ):
        error = bench.refusal(**wanted)
        assert (
            f"{shown} gave the shell what it cannot read; Environment Modules 5.2.0 said: " in error.message
        )
        assert "syntax error" in error.message
        assert error.hint == "module show odd"


@QUICK
@given(value=TEXT)
def test_any_value_passes_unharmed(tmp_path: Path, value: str) -> None:
    """For every text that a shell variable can hold."""
    init = tmp_path / "init"
    init.write_text(f"{FAKE}\nexport ODD={shlex.quote(value)}\n", encoding="utf-8", newline="")
    captured = capture(ModulePlan(site="toy", tool="tcl", init=(str(init),)))
    assert dict(captured.environment)["ODD"] == value


@QUICK
@given(name=TEXT.filter(lambda text: text.strip("/.") and "/" not in text and ":" not in text))
def test_any_folder_passes_unharmed(tmp_path: Path, name: str) -> None:
    """Names of folders and files are data in the script, never code."""
    folder = tmp_path / "folders" / name[:20].strip(".")
    if not name[:20].strip("."):
        return
    folder.mkdir(parents=True, exist_ok=True)
    init = folder / "init"
    init.write_text(FAKE)
    captured = capture(ModulePlan(site="toy", tool="tcl", init=(str(init),), folders=(str(folder),)))
    assert dict(captured.environment)["MODULEPATH"] == str(folder)


def test_bytes_that_are_no_text_pass_unharmed(tmp_path: Path) -> None:
    """A value in Latin-1 comes out of the environment as the bytes that went in."""
    init = tmp_path / "init"
    init.write_bytes(FAKE.encode() + b"export ODD=caf\xe9\n")
    captured = capture(ModulePlan(site="toy", tool="tcl", init=(str(init),)))
    assert os.fsencode(dict(captured.environment)["ODD"]) == b"caf\xe9"


def test_what_modulefiles_print_is_not_data(bench: Bench) -> None:
    """To both streams, and as shell code: the records are on a descriptor that modulefiles do not have."""
    bench.write(
        "chatty/1",
        "puts stderr {state 2 x y}",
        "puts stdout {echo end; printf 'at\\0001\\000step 9\\000';}",
        "puts stdout {echo stolen >&47;}",
        "setenv CHATTY yes",
    )
    captured = bench.capture(step("load", "chatty"), step("load", "cray-hdf5"))
    assert captured.loaded == ("chatty/1", "cray-hdf5/1.10.2.0")
    assert values(captured)["CHATTY"] == "yes"


def test_functions_and_aliases_do_not_get_in_the_way(tmp_path: Path) -> None:
    """Functions that stand before programs, and functions that are exported, are not variables."""
    bench = Bench(five(), tmp_path)
    bench.write(
        "odd/1", "set-alias ls {echo alias}", "set-function printf2 {echo function}", "setenv ODD yes"
    )
    more = tmp_path / "more"
    more.write_text("env() { echo wrong; }; cat() { echo wrong; }; export -f env cat\n")
    captured = bench.capture(
        step("load", "odd"), init=(bench.tool.init, str(more)), questions=(("cat", "--version"),)
    )
    assert values(captured)["ODD"] == "yes"
    assert not [name for name in values(captured) if "BASH_FUNC" in name or "__pybuild" in name]
    assert "coreutils" in captured.answers[0]


def test_a_path_without_programs_does_no_harm(tmp_path: Path) -> None:
    """A module that spoils PATH or the loader's variables cannot spoil the reading."""
    bench = Bench(five(), tmp_path)
    bench.write("odd/1", "setenv PATH /nowhere", "setenv LD_PRELOAD /nowhere.so", "setenv IFS 0")
    captured = values(bench.capture(step("load", "odd")))
    assert captured["PATH"] == "/nowhere"
    assert captured["LD_PRELOAD"] == "/nowhere.so"


def test_names_of_the_script_do_not_shadow_those_of_modules(bench: Bench) -> None:
    """Modules may set variables called as anything."""
    names = ("name", "rest", "list", "one", "pattern", "line", "program", "found", "fields", "plan", "nonce")
    bench.write("odd/1", *(f"setenv {name} set" for name in names))
    captured = values(bench.capture(step("load", "odd"), step("choose", "PrgEnv-gnu"), step("unload", "x*")))
    assert [captured.get(name) for name in names] == ["set"] * len(names)
