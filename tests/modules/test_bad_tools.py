"""A module tool that is missing, hangs, ends the shell or is not one: each its own sentence."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pybuild.errors import ModuleToolError
from pybuild.model.modules import ModulePlan
from pybuild.modules.capture import capture
from pybuild.modules.reading import read
from tests.modules.tools import Bench, step


def refusal(plan: ModulePlan, timeout: float = 60) -> ModuleToolError:
    """Return the error that ``plan`` ends with."""
    with pytest.raises(ModuleToolError) as caught:
        capture(plan, timeout=timeout)
    assert caught.value.hint
    return caught.value


def fake(tmp_path: Path, text: str, **more: object) -> ModulePlan:
    """Return a plan whose init is ``text``."""
    init = tmp_path / "init"
    init.write_text(text)
    return ModulePlan(site="toy", tool="tcl", init=(str(init),), **more)  # type: ignore[arg-type]


def test_an_init_that_is_not_there() -> None:
    """The key and the file are named."""
    error = refusal(ModulePlan(site="toy", tool="lmod", init=("/opt/lmod/init/bash",)))
    assert error.message == "site toy: modules.init names /opt/lmod/init/bash, which does not exist here"


def test_an_init_after_which_there_is_no_command(tmp_path: Path) -> None:
    """Neither a function nor, as a program of that name would be, something else; its words are quoted."""
    plan = fake(tmp_path, "echo error: no licence >&2\n", folders=(str(tmp_path),), baseline=("gcc",))
    error = refusal(plan)
    assert error.message == (
        f"site toy: modules.init names {plan.init[0]}, after which there is no module command; "
        "it said: error: no licence"
    )


def test_an_init_that_ends_the_shell(tmp_path: Path) -> None:
    """It names where the shell ended."""
    error = refusal(fake(tmp_path, "echo not on this node; exit 0\n"))
    assert error.message == (
        "site toy: Environment Modules ended the shell at modules.init, before everything was done; "
        "it said: not on this node"
    )


def hanging(bench: Bench, first: str) -> tuple[ModuleToolError, float]:
    """Return how the loading of a module and of one that hangs is refused, and after what time.

    On a busy machine they get more of it, until it is the second one that hangs.
    """
    reached = bench.folder.parent / "reached"
    bench.write("slow/1", f"puts stdout {{touch {reached}; sleep 600;}}")
    for seconds in (1, 5, 60):
        error = refusal(bench.plan(step("load", first), step("load", "slow")), timeout=seconds)
        if reached.exists():
            break
    return error, seconds


def test_a_tool_that_hangs(bench: Bench) -> None:
    """It is ended after the time that it may take, and what it was doing is named."""
    start = time.monotonic()
    error, seconds = hanging(bench, "cray-hdf5")
    assert time.monotonic() - start < 300
    assert f"did not answer within {seconds:g} s, at load slow (site toy: rule r)" in error.message


def test_a_failure_before_a_hang_is_the_one_that_is_told(bench: Bench) -> None:
    """What had already gone wrong is the better answer."""
    error, _ = hanging(bench, "absent")
    assert "load absent (site toy: rule r) did not load it" in error.message


def test_a_module_that_ends_the_shell(bench: Bench) -> None:
    """A modulefile for a person's shell that ends it."""
    bench.write("bye/1", "puts stderr {licence error}", "puts stdout {exit 3;}")
    error = refusal(bench.plan(step("load", "bye")))
    assert "ended the shell at load bye (site toy: rule r), before everything was done" in error.message
    assert "licence error" in error.message


def test_a_tool_that_prints_garbage(tmp_path: Path) -> None:
    """Its text is evaluated by the shell as the tool's answer would be; what then is not loaded is told."""
    garbage = "module() { eval \"$(printf '\\001\\377<html>(502)</html>')\"; }\n"
    error = refusal(fake(tmp_path, garbage, baseline=("gcc",)))
    assert "modules.baseline names gcc, which this machine does not have" in error.message
    assert "syntax error" in error.message
    assert error.message.isprintable()


def test_a_machine_without_bash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module tools are asked in bash."""
    monkeypatch.setattr("pybuild.modules.capture.BASH", str(tmp_path / "bash"))
    error = refusal(fake(tmp_path, ""))
    assert error.message.startswith("site toy: the module tool needs bash, which cannot be started: ")


def test_a_site_without_a_tool_that_loads_modules() -> None:
    """Nothing could do it."""
    error = refusal(ModulePlan(site="toy", tool="none", steps=(step("load", "gcc"),)))
    assert error.message == "site toy: modules.tool is none, so nothing can do load gcc (site toy: rule r)"


def test_torn_records_are_left_out() -> None:
    """A shell that is killed while it writes leaves half a record."""
    whole = "at\0001\0folders\0state\0003\0a/1:b\0/m\0X=1=2\0"
    reading = read(whole + "at\0001\0questions\0state\0005\0a", "", "n")
    assert reading.start is not None
    assert reading.start.loaded == ("a/1", "b")
    assert reading.start.environment == {"X": "1=2"}
    assert reading.at == "questions"
    assert not reading.complete
    assert not read("end\0001\0other\0", "", "n").complete
    assert read("end\0001\0n\0", "", "n").complete
