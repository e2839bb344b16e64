"""``pybuild env create``: a new prefix whole or not at all, directly or by an installer."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from pybuild.process import capture
from tests.end_to_end.held import until
from tests.end_to_end.project import BASE, Outcome, Project, changed, finished, snapshot
from tests.installers import installer


def create(project: Project, *words: object) -> Outcome:
    return project.run("env", "create", "-p", project.prefix, *words)


def by(made: object) -> tuple[str, ...]:
    """Return the options that name an installer."""
    return ("-y", "--installer", made.file, "--sha256", made.sha256)  # type: ignore[attr-defined]


def beside(project: Project) -> list[str]:
    """Return what lies beside the prefix and is not there otherwise, locks aside."""
    return [p.name for p in project.root.glob(f".{project.prefix.name}.pybuild-*") if "lock" not in p.name]


def test_directly(project: Project) -> None:
    """Python and pip, activation for every shell, and ``env run``: exit codes and signals pass through."""
    create(project, "-y", "--python", BASE).done()
    listed = project.run("list", "--json").done().data
    assert {one["name"] for one in listed} == {"python", "pip"}
    script = f". {project.prefix}/etc/pybuild/activate.sh; command -v python; pybuild_deactivate"
    ended = capture(("dash", "-c", script), env={"PATH": "/usr/bin:/bin"})
    assert ended.out == f"{project.prefix}/bin/python\n", ended.err

    run = ("env", "run", "-p", project.prefix, "--")
    show = "import sys, os, signal; print(sys.prefix, sys.stdin.read(), signal.getsignal(signal.SIGTERM))"
    got = project.run(*run, "python", "-c", show).done()
    assert got.out.split()[0] == str(project.prefix)
    assert project.run(*run, "sh", "-c", "exit 42").code == 42
    assert project.run(*run[:-1], "sh", "-c", "exit 42").code == 42
    assert project.run(*run, "sh", "-c", "kill -TERM $$").code == -signal.SIGTERM
    assert project.run(*run, "sh", "-c", "trap").out == "", "no signal stays ignored"
    missing = project.run(*run, "no-such-program")
    assert (missing.code, "there is no such command" in missing.err) == (127, True)
    refused = create(project, "-y")
    assert (refused.code, "exists already" in refused.err) == (10, True)


def test_dry_run_touches_nothing(project: Project) -> None:
    """Neither way."""
    made = installer(project.root / "mini.sh")
    before = snapshot(project.root)
    create(project, "-n", "--python", BASE).done()
    create(project, *by(made), "-n").done()
    assert [p for p in changed(before, snapshot(project.root)) if "/cache" not in p] == []


def test_an_installer_runs_in_an_environment_made_from_nothing(project: Project) -> None:
    """None of the user's variables, not the user's home; and only the file with this hash."""
    project.environ |= {"PYTHONPATH": project.environ["PYTHONPATH"], "LD_PRELOAD": "", "MINE": "yes"}
    made = installer(project.root / "Mini conda.sh")
    create(project, *by(made)).done()
    assert (project.prefix / "bin/python").read_text().splitlines()[1] == f"# {project.prefix}/bin"
    lines = (project.prefix / "env-of-the-installer").read_text().splitlines()
    found = dict(line.split("=", 1) for line in lines)
    assert found.keys() <= {"PATH", "HOME", "TMPDIR", "LC_ALL", "PWD", "SHLVL", "_", "OLDPWD"}
    assert found["HOME"].startswith(f"{project.cache}/installers/")
    assert not list((project.cache / "installers").iterdir())
    assert beside(project) == []


def test_another_file_is_not_run(project: Project) -> None:
    """The hash is that of the bytes that would run."""
    made = installer(project.root / "mini.sh", before=f"touch {project.root}/ran")
    with open(made.file, "ab") as file:
        file.write(b"x")
    ended = create(project, *by(made))
    assert (ended.code, "it was not run" in ended.err) == (7, True)
    assert not (project.root / "ran").exists()
    assert not project.prefix.exists()


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("echo no room left; exit 3", ":", "ended with exit code 3: no room left"),
        (":", 'rm -r "$PREFIX/conda-meta"', "made no conda prefix: there is no conda-meta/history"),
    ],
)
def test_an_installer_that_fails_leaves_nothing(before: str, after: str, said: str, project: Project) -> None:
    """And its output is named."""
    made = installer(project.root / "mini.sh", before=before, after=after)
    ended = create(project, *by(made))
    assert ended.code == 10
    assert said in ended.err
    assert "hint: its output is in" in ended.err
    assert not project.prefix.exists()
    assert beside(project) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--installer", "x.sh"), "--installer and --sha256 belong together"),
        (("--sha256", "0" * 64), "--installer and --sha256 belong together"),
        (("--installer", "x.sh", "--sha256", "12"), "expected 64 digits"),
        (("--installer", "x.sh", "--sha256", "0" * 64, "--python", "3.11"), "brings its own Python"),
    ],
)
def test_options_that_do_not_go_together(words: tuple[str, ...], said: str, project: Project) -> None:
    """One sentence, code 2."""
    ended = create(project, "-y", *words)
    assert (ended.code, said in ended.err) == (2, True), ended.err


def test_a_file_that_is_not_there(project: Project) -> None:
    """The code is that of fetching."""
    ended = create(project, "-y", "--installer", project.root / "none.sh", "--sha256", "0" * 64)
    assert (ended.code, "the installer cannot be read" in ended.err) == (6, True)


def _started(project: Project, *words: object) -> subprocess.Popen[str]:
    """Start the command and wait until its installer has begun to fill the prefix."""
    child = project.start("env", "create", "-p", project.prefix, *words)
    until((project.prefix / "env-of-the-installer").exists, child)
    return child


def test_an_interruption_leaves_nothing(project: Project) -> None:
    """Ctrl-C while the installer runs."""
    made = installer(project.root / "mini.sh", before="sleep 600")
    child = _started(project, *by(made))
    os.kill(child.pid, signal.SIGINT)
    assert finished(child).code == 130
    assert not project.prefix.exists()
    assert beside(project) == []


@pytest.mark.parametrize("next_one", ["create", "install"])
def test_a_killed_run_is_undone_by_the_next(next_one: str, project: Project) -> None:
    """Only pybuild is killed, so its installer goes on: it is ended, and nothing of it stays."""
    made = installer(project.root / "mini.sh", before="sleep 600", after=f"touch {project.root}/late")
    child = _started(project, *by(made))
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    number = int((project.root / f".{project.prefix.name}.pybuild-base").read_text())
    assert Path("/proc", str(number)).exists()
    if next_one == "create":
        again = installer(project.root / "again.sh")
        ended = create(project, *by(again)).done()
        assert (project.prefix / "bin/python").read_text().startswith("#!/bin/sh")
    else:
        ended = project.install("toypure==1.0").done()
        assert project.imports("toypure") == "1.0"
    assert "whose unfinished prefix was removed" in ended.err
    assert not Path("/proc", str(number), "fd").is_dir() or not os.path.exists(f"/proc/{number}/exe")
    assert not (project.root / "late").exists()
    assert beside(project) == []


def test_what_an_installer_made_is_a_prefix_like_any_other(project: Project) -> None:
    """A Python that an installer brought, and a package of ours on top of it."""
    donor = project.root / "donor"
    project.run("env", "create", "-p", donor, "-y", "--python", BASE).done()
    for path in donor.glob("conda-meta/pybuild/*"):
        path.unlink()
    made = installer(project.root / "Miniforge3.sh", tree=donor, old=str(donor))
    create(project, *by(made)).done()
    project.install("toypure==1.0").done()
    assert project.imports("toypure") == "1.0"
    assert (project.prefix / "etc/conda/activate.d/pybuild.sh").exists()


def test_a_python_from_elsewhere_is_spoken_of(project: Project) -> None:
    """As the site says: a note, or a refusal before anything is made; activation leaves both out."""
    rows = "{name: %s, action: %s, reason: it is foreign, source: a test}"
    variables = ", ".join(rows % row for row in (("PYTHONUSERBASE", "warn"), ("VIRTUAL_ENV", "refuse")))
    project.site(more=f"python: {{variables: [{variables}]}}\n")
    made = installer(project.root / "mini.sh")
    project.environ["VIRTUAL_ENV"] = "/home/me/v"
    for words in (by(made), ("-y", "--python", BASE)):
        refused = create(project, *words)
        assert refused.code == 4
        assert "VIRTUAL_ENV is set to /home/me/v: it is foreign (site toy)" in refused.err
        assert not project.prefix.exists()
    del project.environ["VIRTUAL_ENV"]
    project.environ["PYTHONUSERBASE"] = "/home/me/.local"
    warned = project.install("toypure==1.0").done()
    assert "PYTHONUSERBASE is set to /home/me/.local: it is foreign" in warned.err
    show = "import os; print(os.environ.get('PYTHONUSERBASE'), os.environ['PYTHONNOUSERSITE'])"
    ran = project.run("env", "run", "-p", project.prefix, "--", "python", "-c", show).done()
    assert ran.out == "None 1\n"
