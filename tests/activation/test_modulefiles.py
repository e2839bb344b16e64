"""The modulefile, loaded and unloaded by the real tools."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pybuild.model.plan import Edit
from pybuild.plan.modulefile import modulefile
from pybuild.plan.running import merged
from tests.activation.parts import (
    BEFORE,
    CLEAN,
    COMMANDS,
    NASTY,
    Machine,
    edits,
    environment,
    installed,
    loaded,
    package,
    steps,
)
from tests.modules.tools import Bench, old, step

PREFIX = "/tmp/a prefix/it's"
BOOKKEEPING = re.compile(r"_.*|LMOD.*|MODULE.*|LOADEDMODULES|.*_modshare|BASH_.*|ENV|FPATH")
STARTS = {
    "none": (),
    "other": ("PrgEnv-intel", "craype-hugepages2M", "craype-hugepages8M", "darshan"),
    "already": ("craype-hugepages8M", "PrgEnv-gnu", "cray-hdf5", "xalt"),
}
BY_HAND = (
    "module unload PrgEnv-intel craype-hugepages2M craype-hugepages8M darshan",
    "module load PrgEnv-gnu cray-hdf5 xalt",
)


def write(bench: Bench, folder: Path, changes: tuple[Edit, ...] = edits()) -> str:
    """Write the modulefile for the bench's tool and return the command that makes its folder known."""
    form = "lua" if bench.tool.kind == "lmod" else "tcl"
    running = merged(PREFIX, [installed(package(bench.plan(*steps()), *changes))], conda=False)
    folder.mkdir()
    (folder / f"ours{'.lua' if form == 'lua' else ''}").write_text(modulefile(running, form))
    return f"module use {folder}"


def plain(environ: dict[str, str]) -> dict[str, str]:
    """Return an environment without the tools' own variables."""
    kept = {name: value for name, value in environ.items() if not BOOKKEEPING.fullmatch(name)}
    return {**kept, "loaded": " ".join(sorted(loaded(environ)))}


@pytest.mark.parametrize("start", STARTS)
def test_it_loads_what_is_needed_and_unloads_without_a_trace(
    cray: Machine, start: str, tmp_path: Path
) -> None:
    """Afterwards every variable is what it is when the same modules are loaded by hand."""
    use = write(cray.bench, tmp_path / "ours")
    load = [f"module load {one}" for one in STARTS[start]]
    # What is loaded by hand before stays when the tool unloads what nobody needs any more.
    found = environment(cray.run("bash", *load, use, "module load ours", "env -0", start=BEFORE))
    assert loaded(found) == {"PrgEnv-gnu", "cray-hdf5", "xalt", "ours"}
    assert found["PE_ENV"] == "GNU"
    assert not {"HUGETLB_MORECORE", "HUGETLB_DEFAULT_PAGE_SIZE", "DARSHAN", "TOY_GONE"} & found.keys()
    assert found["TOY_NASTY"] == NASTY
    assert found["TOY_EMPTY"] == ""
    assert found["TOY_LATE"] == f"-L/opt/hdf5/lib:{PREFIX}/lib it's"
    assert (found["TOY_PATH"], found["TOY_NEW_PATH"]) == ("/first:/second", "/only")
    assert found["TOY_OLD"] == "new"
    assert found["PATH"].split(":")[:2] == [f"{PREFIX}/bin", "/opt/gnu/bin"]
    ended = cray.run("bash", *load, use, "module load ours", "module unload ours", "env -0", start=BEFORE)
    after = plain(environment(ended))
    assert not [name for name in environment(ended) if name.startswith("__PYBUILD")]
    by_hand = cray.run("bash", *(BY_HAND if after["loaded"] else ()), "env -0", start=BEFORE)
    assert after == plain(environment(by_hand))
    assert set(after["loaded"].split()) in ({"PrgEnv-gnu", "cray-hdf5", "xalt"}, set())
    if start == "already":
        assert after["loaded"], "what the user had loaded is not taken away"


def test_variables_that_were_not_set_before_are_gone_again(cray: Machine, tmp_path: Path) -> None:
    """Also where nothing of it was there at the start."""
    use = write(cray.bench, tmp_path / "ours")
    found = environment(cray.run("bash", use, "module load ours; module unload ours", "env -0"))
    assert not [name for name in found if name.startswith("TOY_") or "PYBUILD" in name]


def test_it_says_what_it_is(cray: Machine, tmp_path: Path) -> None:
    """``module help`` and ``module whatis``: prefix, site, packages, levels, and what is not undone."""
    use = write(cray.bench, tmp_path / "ours")
    ended = cray.run("bash", use, "module help ours", "module whatis ours", "env -0")
    assert f"Python environment {PREFIX}" in ended.err
    assert "toy 1.0, built for site toy, proven: ranked" in ended.err
    assert "unloading it does not bring the earlier ones back" in ended.err
    assert f"pybuild: toy 1.0 in {PREFIX}" in ended.err
    assert "TOY_OLD" not in environment(ended)


def test_it_does_not_load_where_a_module_is_missing(cray: Machine, tmp_path: Path) -> None:
    """Half an environment is worse than none: the tool's load fails, and nothing of ours is set."""
    plan = cray.bench.plan(step("load", "no-such-module"))
    running = merged(PREFIX, [installed(package(plan, *edits()))], conda=False)
    form = "lua" if cray.bench.tool.kind == "lmod" else "tcl"
    (tmp_path / f"ours{'.lua' if form == 'lua' else ''}").write_text(modulefile(running, form))
    ended = cray.run("bash", f"module use {tmp_path}", "module load ours; echo status=$? >&2", "env -0")
    assert "status=1" in ended.err
    assert "no-such-module" in ended.err
    assert "TOY_NASTY" not in environment(ended)
    assert "ours" not in loaded(environment(ended))


def test_a_forbidden_module_is_refused(cray: Machine, tmp_path: Path) -> None:
    """With the rule that forbids it, in the tool's message."""
    plan = cray.bench.plan(forbidden=(("dar*", "rule x: it's bad"),))
    form = "lua" if cray.bench.tool.kind == "lmod" else "tcl"
    text = modulefile(merged(PREFIX, [installed(package(plan))], conda=False), form)
    (tmp_path / f"ours{'.lua' if form == 'lua' else ''}").write_text(text)
    ended = cray.run("bash", "module load darshan", f"module use {tmp_path}", "module load ours", "env -0")
    assert "dar* must not be loaded (rule x: it's bad)" in " ".join(ended.err.split())
    assert "ours" not in loaded(environment(ended))


def test_the_tools_of_older_machines_read_it_too(tmp_path: Path) -> None:
    """As Environment Modules 3.2 do: no automatic handling, no exit codes."""
    from pybuild.process import capture
    from tests.activation.parts import machine

    cray = machine("tcl", tmp_path / "machine")
    # 3.2 leaves backquotes in values to the shell, which runs them: its own fault.
    mild = Edit(kind="set", name="TOY_NASTY", value=NASTY.replace("`", ""))
    use = write(cray.bench, tmp_path / "ours", (*edits()[1:], mild))
    script = tmp_path / "script"
    lines = [f". {old(tmp_path).init}", f"module use {cray.bench.folder}", use]
    lines += [
        "module load PrgEnv-intel",
        "module load darshan",
        "module load ours",
        "printf '\\0'; env -0; printf 'HALF=\\0'",
    ]
    lines += ["module unload ours", "env -0", ""]
    script.write_text("\n".join(lines))
    ended = capture((*COMMANDS["bash"], str(script)), env={**CLEAN, **BEFORE}, cwd="/")
    first, _, second = ended.out.partition("HALF=")
    during = dict(pair.split("=", 1) for pair in first.split("\0") if "=" in pair)
    after = dict(pair.split("=", 1) for pair in second.split("\0") if "=" in pair)
    assert loaded(during) == {"PrgEnv-gnu", "cray-hdf5", "xalt", "ours"}
    assert (during["TOY_NASTY"], during["TOY_OLD"]) == (mild.value, "new")
    assert {name: after.get(name) for name in BEFORE} == BEFORE
    assert loaded(after) == {"PrgEnv-gnu", "cray-hdf5", "xalt"}
    assert not [name for name in after if "PYBUILD" in name]
