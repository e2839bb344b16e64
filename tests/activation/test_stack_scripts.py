"""A stack's own scripts and modules: they follow the link ``current``, and a shell keeps what it has."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import pytest

from pybuild.model.stack import Stack
from pybuild.plan.running import merged
from pybuild.plan.stack_scripts import (
    FOREIGN,
    release_modulefiles,
    release_scripts,
    root_scripts,
)
from pybuild.process import Captured, capture
from tests.activation.parts import BEFORE, CLEAN, NASTY, Machine, edits, installed, loaded, package, steps
from tests.activation.shells import SHELLS, different, moments, put, word

EXTENSION = {"tcsh": ".csh", "fish": ".fish"}
FIRST, SECOND, NEWEST = "2026-11-28-1", "2026-11-28-2", "2026-11-29-1"
OFF = "pybuild_deactivate"


def deployed(root: Path, cray: Machine | None = None) -> Stack:
    """Make a root with three releases, of which the second is in service; the newest is not."""
    values = (("TEAM_DATA", "/a b/it's"), ("TEAM_EMPTY", ""), ("PYTHONNOUSERSITE", "yes"))
    stack = Stack(name="team", root=str(root), environment=values)
    modules = cray.bench.plan(*steps()) if cray else None
    put(root, root_scripts(stack))
    for release in (FIRST, SECOND, NEWEST):
        prefix = root / "releases" / release
        for folder in ("bin", "conda-meta"):
            (prefix / folder).mkdir(parents=True)
        (prefix / "conda-meta/history").touch()
        changes = edits() if cray else edits()[:2]
        running = merged(str(prefix), [installed(package(modules, *changes))], conda=False)
        put(prefix, release_scripts(stack, running))
        put(root, release_modulefiles(stack, running, release))
    switch(root, SECOND)
    return stack


def switch(root: Path, release: str) -> None:
    """Put a release in service, as a deployment does: one rename."""
    (root / "next").symlink_to(f"releases/{release}")
    os.replace(root / "next", root / "current")


def source(shell: str, root: Path) -> str:
    command = "source" if shell in EXTENSION else "."
    return f"{command} {word(shell, str(root) + '/activate' + EXTENSION.get(shell, ''))}"


@pytest.mark.parametrize("shell", SHELLS)
def test_the_release_in_service_is_activated(cray: Machine, shell: str, tmp_path: Path) -> None:
    """With the stack's variables, nothing of the user's Python, and everything back afterwards."""
    root = tmp_path / "the team's $root"
    deployed(root, cray)
    start = {**BEFORE, **dict.fromkeys(FOREIGN, "/home/me"), "TEAM_EMPTY": "full"}
    lines = ["module load PrgEnv-intel", "LOOK", source(shell, root), "LOOK", OFF, "LOOK"]
    (before, during, after), ended = moments(shell, lines, tmp_path, start=start, cray=cray)
    assert ended.code == 0, ended.err
    assert during["PATH"].startswith(f"{root}/releases/{SECOND}/bin:")
    assert (during["TEAM_DATA"], during["TEAM_EMPTY"]) == ("/a b/it's", "")
    assert during["PYTHONNOUSERSITE"] == "yes"
    assert not set(FOREIGN) & during.keys()
    assert loaded(during) == {"PrgEnv-gnu", "cray-hdf5", "xalt"}
    assert different(before, after) == {}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_keeps_its_release_when_another_is_put_in_service(shell: str, tmp_path: Path) -> None:
    """The next shell gets the new one; the old one can still be left exactly."""
    root = tmp_path / "root"
    deployed(root)
    into = [f"ln -s releases/{NEWEST} {root}/next", f"mv -T {root}/next {root}/current"]
    lines = ["LOOK", source(shell, root), *into, "LOOK", OFF, "LOOK", source(shell, root), "LOOK"]
    (before, during, after, again), ended = moments(shell, lines, tmp_path)
    assert ended.code == 0, ended.err
    assert f"/releases/{SECOND}/bin" in during["PATH"]
    assert "current" not in during["PATH"]
    assert different(before, after) == {}
    assert again["PATH"].startswith(f"{root}/releases/{NEWEST}/bin:")


@pytest.mark.parametrize("shell", SHELLS)
def test_nothing_in_service_is_said(shell: str, tmp_path: Path) -> None:
    """A link that is missing or leads nowhere: one sentence, and the command fails."""
    root = tmp_path / "the team's root"
    deployed(root)
    status = "echo status=$status" if shell in ("tcsh", "fish") else "echo status=$?"
    for link in (None, "releases/pruned"):
        (root / "current").unlink()
        if link:
            (root / "current").symlink_to(link)
        (before, after), ended = moments(shell, ["LOOK", source(shell, root), status, "LOOK"], tmp_path)
        assert "status=1" in ended.out
        assert f"pybuild: {root}/current: no release is in service" in ended.err
        assert different(before, after) == {}
        if not link:
            (root / "current").symlink_to("anything")


def test_modules_follow_the_release_in_service(cray: Machine, tmp_path: Path) -> None:
    """The default is what the link names, older or newer, after one rename; each release can be named."""
    root = tmp_path / "root"
    deployed(root, cray)
    use, show = (
        f"module use {root}/modulefiles",
        "printenv LOADEDMODULES PATH TEAM_DATA; env -0 | grep -zc ^PYTHON",
    )
    for release in (SECOND, FIRST, NEWEST):
        switch(root, release)
        ended = cray.run("bash", use, "module load team", show)
        assert f"team/{release}" in ended.out, ended.err
        assert f"{root}/releases/{release}/bin:" in ended.out
        assert "/a b/it's" in ended.out
    ended = cray.run("bash", use, f"module load team/{FIRST}", show, start=dict.fromkeys(FOREIGN, "/x"))
    assert f"team/{FIRST}" in ended.out, ended.err
    assert ended.out.splitlines()[-1] == "1", "PYTHONNOUSERSITE alone"
    ended = cray.run("bash", use, "module -t avail team 2>&1")
    assert [line.partition("(")[0] for line in ended.out.split() if line.startswith("team/")] == [
        f"team/{release}" for release in (FIRST, SECOND, NEWEST)
    ]


@pytest.mark.parametrize("shell", ["bash", "zsh", "sh"])
def test_the_line_for_a_batch_job(cray: Machine, shell: str, tmp_path: Path) -> None:
    """In a script that is no login shell, strict, without a module command."""
    root = tmp_path / "the team's root"
    stack = deployed(root, cray)
    lines = ["set -eu", f". {shlex.quote(f'{stack.root}/activate')}", "LOOK"]
    (during,), ended = moments(shell, lines, tmp_path, start=BEFORE)
    assert (ended.code, ended.err) == (0, "")
    assert loaded(during) == {"PrgEnv-gnu", "cray-hdf5", "xalt"}
    assert during["TOY_NASTY"] == NASTY


def run(*words: str, cwd: Path, **environ: str) -> Captured:
    argv = (sys.executable, "-m", "pybuild", "env", "run", *words)
    path = str(Path(__file__).parents[2])
    return capture(argv, env={**CLEAN, "PYTHONPATH": path, **environ}, cwd=str(cwd))


def test_env_run_takes_the_release_in_service(cray: Machine, tmp_path: Path) -> None:
    """By its root or by its file; PYTHONPATH, with which pybuild itself runs here, does not get through."""
    root = tmp_path / "root"
    deployed(root, cray)
    show = ("--", "sh", "-c", 'echo "$CONDA_PREFIX|$LOADEDMODULES|${PYTHONPATH-none}|$TEAM_DATA"')
    by_root = run("--stack", str(root), *show, cwd=tmp_path)
    prefix, modules, path, data = by_root.out.strip().split("|")
    assert (prefix, path, data) == (f"{root}/releases/{SECOND}", "none", "/a b/it's"), by_root.err
    assert loaded({"LOADEDMODULES": modules}) == {"PrgEnv-gnu", "cray-hdf5", "xalt"}
    (tmp_path / "team.yaml").write_text(f"name: team\nroot: {root}\nsite: generic\nindex: [requests]\n")
    by_file = run("--stack", "team.yaml", *show, cwd=tmp_path)
    assert (by_file.code, by_file.out) == (0, by_root.out), by_file.err
    (root / "current").unlink()
    none = run("--stack", str(root), *show, cwd=tmp_path)
    assert (none.code, "there is no release in service" in none.err) == (10, True)
    both = run("--stack", str(root), "-p", str(root), *show, cwd=tmp_path)
    assert (both.code, "name two environments" in both.err) == (2, True)


def test_env_run_does_not_start_without_its_modules(cray: Machine, tmp_path: Path) -> None:
    """A job that would run with another MPI than it was built with is not begun."""
    from tests.activation.shells import written
    from tests.modules.tools import step

    plan = cray.bench.plan(step("load", "no-such-module"))
    prefix = tmp_path / "env"
    written(prefix, merged(str(prefix), [installed(package(plan))], conda=False))
    ended = run("-p", str(prefix), "--", "echo", "started", cwd=tmp_path)
    assert (ended.code, ended.out) == (9, "")
    assert "pybuild: no-such-module is not loaded (site toy: rule r: because)" in ended.err
    assert "so echo is not started" in ended.err
