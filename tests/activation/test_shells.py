"""Activation, evaluated by the shells themselves with both module tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from pybuild.model.modules import ModulePlan
from pybuild.plan.activation import activation
from pybuild.plan.running import merged
from tests.activation.parts import (
    BEFORE,
    NASTY,
    Machine,
    edits,
    environment,
    evaluated,
    installed,
    loaded,
    package,
    steps,
)

SHELLS = ("bash", "zsh", "sh", "tcsh", "fish")
STARTS = {
    "none": (),
    "other": ("PrgEnv-intel", "craype-hugepages2M", "darshan"),
    "already": ("craype-hugepages8M", "craype-hugepages2M", "PrgEnv-gnu", "xalt"),
}


def text_of(cray: Machine, shell: str, prefix: str = "/tmp/a prefix/it's") -> str:
    plan = cray.bench.plan(*steps(), init=())
    return activation(merged(prefix, [installed(package(plan, *edits()))], conda=False), shell)


def activated(
    cray: Machine, shell: str, text: str, file: Path, *start: str, tail: str = "env -0"
) -> dict[str, str]:
    file.write_text(text)
    lines = [f"module load {one}" for one in start]
    ended = cray.run(shell, *lines, evaluated(shell, file), tail, start=BEFORE)
    assert "pybuild:" not in ended.err, ended.err
    return environment(ended)


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_has_what_the_packages_need_wherever_it_starts(
    cray: Machine, shell: str, start: str, tmp_path: Path
) -> None:
    """Nothing loaded, another programming environment with huge pages, or all there already."""
    found = activated(cray, shell, text_of(cray, shell), tmp_path / "text", *STARTS[start])
    assert loaded(found) == {"PrgEnv-gnu", "cray-hdf5", "xalt"}
    assert found["PE_ENV"] == "GNU"
    assert not {"HUGETLB_MORECORE", "HUGETLB_DEFAULT_PAGE_SIZE", "DARSHAN", "TOY_GONE"} & found.keys()
    assert found["TOY_NASTY"] == NASTY
    assert found["TOY_EMPTY"] == ""
    assert found["TOY_LATE"] == "-L/opt/hdf5/lib:/tmp/a prefix/it's/lib it's"
    assert found["TOY_PATH"] == "/first:/second"
    assert found["TOY_NEW_PATH"] == "/only"
    assert found["TOY_OLD"] == "new"
    assert found["PATH"].split(":")[:2] == ["/tmp/a prefix/it's/bin", "/opt/gnu/bin"]
    assert not [name for name in found if "pybuild" in name.lower()]


@pytest.mark.parametrize("shell", SHELLS)
def test_what_did_not_happen_is_said_and_the_last_command_fails(
    cray: Machine, shell: str, tmp_path: Path
) -> None:
    """The tools return success on failure, so what is loaded afterwards is looked at."""
    from tests.modules.tools import step

    plan = cray.bench.plan(step("load", "no-such-module"), forbidden=(("dar*", "rule x: it's bad"),), init=())
    file = tmp_path / "text"
    file.write_text(activation(merged("/p", [installed(package(plan))], conda=False), shell))
    status = "echo status=$status" if shell in ("tcsh", "fish") else "echo status=$?"
    ended = cray.run(shell, "module load darshan", evaluated(shell, file), status)
    assert "status=1" in ended.out
    assert "pybuild: no-such-module is not loaded (site toy: rule r: because)" in ended.err
    assert "pybuild: dar* must not be loaded (rule x: it's bad) (loaded: darshan/3)" in ended.err


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_without_a_module_command_is_told(cray: Machine, shell: str, tmp_path: Path) -> None:
    """It still gets the environment."""
    from pybuild.process import capture
    from tests.activation.parts import CLEAN, COMMANDS

    script = tmp_path / "script"
    script.write_text(text_of(cray, shell) + "\nenv -0\n")
    ended = capture((*COMMANDS[shell], str(script)), env={**CLEAN, **BEFORE}, cwd="/")
    assert "pybuild: this shell has no module command" in ended.err
    assert "pybuild: PrgEnv-gnu is not loaded" in ended.err
    assert "pybuild: HDF5_DIR is not set, from which TOY_LATE is made" in ended.err
    assert environment(ended)["TOY_NASTY"] == NASTY


def test_bash_reads_the_sites_init_where_there_is_no_module_command(cray: Machine, tmp_path: Path) -> None:
    """As in a batch job that is no login shell."""
    from pybuild.process import capture
    from tests.activation.parts import CLEAN, COMMANDS

    plan = cray.bench.plan(*steps())
    script = tmp_path / "script"
    script.write_text(
        activation(merged("/p", [installed(package(plan))], conda=False), "bash") + "\nenv -0\n"
    )
    ended = capture((*COMMANDS["bash"], str(script)), env=CLEAN, cwd="/")
    assert ended.err == ""
    assert loaded(environment(ended)) == {"PrgEnv-gnu", "cray-hdf5", "xalt"}


def test_csh_may_also_source_a_file(cray: Machine, tmp_path: Path) -> None:
    """The lines are ordinary commands."""
    found = activated(cray, "csh", text_of(cray, "csh"), tmp_path / "text", "PrgEnv-cray")
    assert loaded(found) == {"PrgEnv-gnu", "cray-hdf5", "xalt"}
    assert found["TOY_NASTY"] == NASTY


@pytest.mark.parametrize("shell", ["bash", "sh", "zsh"])
def test_strict_shells_get_through(cray: Machine, shell: str, tmp_path: Path) -> None:
    """With ``set -eu`` and nothing loaded, unset variables included; the tools are not that strict."""
    modules: ModulePlan | None = None
    text = activation(merged("/p", [installed(package(modules, *edits()[:4]))], conda=False), shell)
    file = tmp_path / "text"
    file.write_text(text)
    ended = cray.run(shell, "export HDF5_DIR=/x", "set -eu", evaluated(shell, file), "env -0")
    assert environment(ended)["TOY_PATH"] == "/first"
