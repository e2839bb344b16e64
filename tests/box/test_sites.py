"""Every site of ours works in a box, and its file comes out of the box as it went in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pybuild.box.combinations import combinations
from pybuild.box.make import make_box
from pybuild.box.operations import Row, rows_of, run_operations
from pybuild.box.sitefile import site_text
from pybuild.load.sites import load_site
from pybuild.model.modules import Tool
from pybuild.model.site import Site
from pybuild.modules.capture import capture
from tests.box.parts import SITES, init_of, machines, site


def boxed(name: str, tool: Tool, folder: Path) -> Site:
    """Return a site as it is in a box without libraries, read back from the box's own file."""
    box = make_box(site(name), str(folder / "box"), tool=tool, init=init_of(tool, folder))
    return load_site(box.file)


@pytest.mark.parametrize(("name", "tool"), [("daint", "tcl"), ("narval", "lmod")])
def test_every_operation_of_a_site_works(name: str, tool: Tool, tmp_path: Path) -> None:
    """Each target, compiler, virtual, rule and Python module: carried out by the real tool, none fails."""
    there = boxed(name, tool, tmp_path)
    rows = list(run_operations(there, capture))
    assert [row for row in rows if not row.ok] == []
    met = " ".join(f"{row.by} " for row in rows)
    for one in there.rules:
        if one.modules:
            assert f"rule {one.name} " in met
    assert all(f"python module {one.module} " in met for one in there.python_modules)


@pytest.mark.parametrize("name", [name for name in machines() if name not in ("daint", "narval")])
def test_each_part_of_a_site_works_once_under_its_own_tool(name: str, tmp_path: Path) -> None:
    """Fewest environments in which each target, provider, rule and the first Python module is met."""
    there = boxed(name, site(name).modules.tool, tmp_path)
    met: set[str] = set()
    rows: list[Row] = []
    for one in combinations(there):
        parts = {"a Python module" if one.python else step.by for step in one.plan.steps}
        if not parts <= met or not rows:
            met |= parts
            rows += rows_of(one, capture(one.plan))
    assert rows
    assert [row for row in rows if not row.ok] == []


@pytest.mark.parametrize("name", machines())
def test_the_other_tool_does_the_same(name: str, tmp_path: Path) -> None:
    """An admin has whatever tool there is: the default build environment is made by the other one too."""
    other: Tool = "tcl" if site(name).modules.tool == "lmod" else "lmod"
    there = boxed(name, other, tmp_path)
    first = next(combinations(there))
    rows = list(rows_of(first, capture(first.plan)))
    assert [row for row in rows if not row.ok] == []
    assert {row.by for row in rows} >= {step.by for step in first.plan.steps}


@pytest.mark.parametrize("path", sorted(SITES.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_site_comes_back_from_its_text(path: Path, tmp_path: Path) -> None:
    """What is written for the box holds everything that the original has, with what it extends."""
    read = load_site(str(path))
    if read.abstract:
        pytest.xfail("an abstract site is never put into a box")
    file = tmp_path / path.name
    file.write_text(site_text(read))
    again = load_site(str(file))
    assert replace(again, text="", file="", extends="") == replace(read, text="", file="", extends="")


def test_the_boxs_site_differs_only_where_it_must(tmp_path: Path) -> None:
    """Rules, providers, targets, nodes and failures are those of the machine."""
    read = site("cori")
    box = make_box(read, str(tmp_path / "box"), tool="lmod", init="/init", launcher=("mpiexec", "-n", "2"))
    again = load_site(box.file)
    kept = replace(
        again, modules=read.modules, path=read.path, detect=read.detect, launcher=read.launcher,
        text=read.text, file=read.file,
    )  # fmt: skip
    assert kept == read
    assert again.modules.tool == "lmod"
    assert again.modules.init == ("/init",)
    assert again.modules.baseline == read.modules.baseline
    assert again.launcher is not None
    assert again.launcher.ranks == ("mpiexec", "-n", "2")
    assert again.launcher.ask == (read.launcher.ask if read.launcher else ())
