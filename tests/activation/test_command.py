"""``pybuild env``: from a prefix on disk to text, and what is wrong in a sentence."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from pybuild.process import Captured, capture
from tests.activation.parts import (
    CLEAN,
    NASTY,
    Machine,
    edits,
    environment,
    evaluated,
    loaded,
    package,
    prefix_with,
    steps,
)


def pybuild(*words: str, **environ: str) -> Captured:
    argv = (sys.executable, "-m", "pybuild", "env", *words)
    return capture(argv, env={**CLEAN, **environ}, cwd=str(Path(__file__).parents[2]))


def test_what_it_prints_makes_the_shell_right(cray: Machine, tmp_path: Path) -> None:
    """All the way: notes and records of two packages, the command, a shell with another PrgEnv."""
    plan = cray.bench.plan(*steps())
    prefix = prefix_with(tmp_path / "my env", package(plan, *edits()), package(plan, name="other"))
    ended = pybuild("activate", "-p", str(prefix), SHELL="/bin/bash")
    assert (ended.code, ended.err) == (0, "")
    (tmp_path / "text").write_text(ended.out)
    found = environment(
        cray.run("bash", "module load PrgEnv-cray", evaluated("bash", tmp_path / "text"), "env -0")
    )
    assert loaded(found) == {"PrgEnv-gnu", "cray-hdf5", "xalt"}
    assert found["TOY_NASTY"] == NASTY
    assert found["PATH"].startswith(f"{prefix}/bin:/opt/gnu/bin:")


def test_data_for_programs(tmp_path: Path) -> None:
    """The same text, and what it is for."""
    prefix = prefix_with(tmp_path / "env", package(None))
    data = json.loads(pybuild("activate", "-p", str(prefix), "--shell", "fish", "--json").out)
    assert data["packages"] == [{"name": "toy", "version": "1.0", "site": "toy", "level": "ranked"}]
    assert data["shell"] == "fish"
    assert data["text"] == pybuild("activate", "-p", str(prefix), "--shell", "fish").out
    data = json.loads(pybuild("modulefile", "-p", str(prefix), "--format", "lua", "--json").out)
    assert data["text"] == pybuild("modulefile", "-p", str(prefix), "--format", "lua").out
    assert (data["format"], data["prefix"], data["conda"]) == ("lua", str(prefix), False)


def test_scripts_of_conda_are_spoken_of(tmp_path: Path) -> None:
    """The packages that have them are conda's to activate."""
    prefix = prefix_with(tmp_path / "env", package(None))
    (prefix / "etc/conda/activate.d").mkdir(parents=True)
    (prefix / "etc/conda/activate.d/x.sh").touch()
    ended = pybuild("activate", "-p", str(prefix), "--shell", "sh")
    assert f"type: conda activate {prefix}" in ended.err
    assert "export PATH" not in ended.out


@pytest.mark.parametrize(
    ("words", "code", "said", "hint"),
    [
        (("activate", "-p", "{none}"), 10, "is no conda prefix", "pybuild install mpi4py -p"),
        (("activate", "-p", "{empty}"), 10, "no package that pybuild installed", "pybuild install mpi4py -p"),
        (
            ("activate", "-p", "{full}", "--shell", "cmd.exe"),
            2,
            "no shell is called 'cmd.exe'",
            "--shell bash",
        ),
        (("activate", "-p", "{full}"), 2, "no shell is named", "--shell bash"),
        (("modulefile", "-p", "{full}", "--format", "x"), 2, "of the form 'x'", "--format tcl"),
        (("modulefile", "-p", "{torn}", "--format", "tcl"), 10, "record.json: cannot be read", "--rebuild"),
    ],
)
def test_what_is_wrong_is_said(
    words: tuple[str, ...], code: int, said: str, hint: str, tmp_path: Path
) -> None:
    """One sentence, a hint, and the code; a package that conda removed does not count."""
    (tmp_path / "none").mkdir()
    prefix_with(tmp_path / "full", package(None))
    prefix_with(tmp_path / "empty", package(None))
    (tmp_path / "empty/conda-meta/toy-1.0-py311_toy_h0_0.json").unlink()
    prefix_with(tmp_path / "torn", package(None))
    (tmp_path / "torn/share/pybuild/toy/record.json").write_text("{")
    places = {name: str(tmp_path / name) for name in ("none", "empty", "full", "torn")}
    ended = pybuild(*(word.format(**places) for word in words))
    assert ended.code == code
    assert ended.out == ""
    error, hinted = ended.err.splitlines()
    assert error.startswith("error: ")
    assert said in error
    assert hint in hinted
