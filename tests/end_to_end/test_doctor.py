"""``pybuild doctor`` on a real prefix: silent where all is well, and its cures cure what others did to it."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.project import Outcome, Project


@pytest.fixture
def whole(project: Project) -> Project:
    """A project with a prefix that holds an extension, the MPI that it is bound to, and a pure package."""
    project.install("toyext==1.0", "toypure==1.0").done()
    return project


def doctor(project: Project, **environ: str) -> Outcome:
    return project.run("doctor", "-p", project.prefix, environ=environ)


def findings(project: Project, **environ: str) -> list[dict[str, str]]:
    """Return what is found, as data."""
    done = project.run("doctor", "-p", project.prefix, "--json", environ=environ)
    found: list[dict[str, str]] = done.data["findings"]
    assert done.code == (11 if any(one["level"] == "wrong" for one in found) else 0), done.err
    return found


def checks(project: Project, **environ: str) -> list[str]:
    return [one["check"] for one in findings(project, **environ)]


def packages(project: Project) -> Path:
    return next(project.prefix.glob("lib/python3*/site-packages"))


def pip(project: Project, *words: str) -> None:
    argv = [project.python, "-m", "pip", *words]
    subprocess.run(argv, env=project.environ, cwd=project.root, check=True, capture_output=True)


def cure(project: Project, one: dict[str, str]) -> None:
    """Type what a finding says, with pybuild as it is called here and without questions."""
    for words in map(shlex.split, one["cure"].split(" && ")):
        if words[0] == "pybuild":
            project.run(*words[1:], *(["-y"] if words[1] in ("install", "uninstall") else [])).done()
        else:
            subprocess.run(words, env=project.environ, check=True, capture_output=True)


def test_nothing_is_wrong_with_what_was_just_installed(whole: Project) -> None:
    """Exit code 0, no finding, and a line that says what was looked at; nothing in the prefix changes."""
    before = sorted(whole.prefix.rglob("*"))
    done = doctor(whole).done()
    assert done.out == ""
    assert "nothing is wrong" in done.err
    assert "site toy" in done.err
    assert f"{whole.prefix} (5 packages of ours)" in done.err
    assert findings(whole) == []
    assert findings(whole, CONDA_PREFIX=str(whole.prefix)) == []
    assert [p for p in sorted(whole.prefix.rglob("*")) if "__pycache__" not in str(p)] == [
        p for p in before if "__pycache__" not in str(p)
    ]


def test_pip_has_replaced_a_package(whole: Project) -> None:
    """By another version or by the same one; what doctor says brings ours back."""
    for spec in ("toypure==2.0", "toypure==1.0"):
        pip(whole, "install", "--force-reinstall", spec)
        (one,) = findings(whole)
        assert (one["check"], one["level"]) == ("replaced-files", "wrong")
        assert f"toypure-{spec[-3:]}.dist-info" in one["what"]
        cure(whole, one)
        assert findings(whole) == []
        assert whole.imports("toypure") == "1.0"


def test_files_are_gone(whole: Project) -> None:
    """Somebody removed a folder that conda still has a record of."""
    shutil.rmtree(packages(whole) / "toypure")
    (one,) = findings(whole)
    assert one["check"] == "replaced-files"
    assert "toypure 1.0 lacks lib/python3" in one["what"]
    cure(whole, one)
    assert findings(whole) == []


def test_a_copy_comes_first_in_this_shell(whole: Project, tmp_path: Path) -> None:
    """By PYTHONPATH, or by pip --user; without either, and with the cure, there is nothing to say."""
    (tmp_path / "toypure").mkdir()
    (one,) = findings(whole, PYTHONPATH=f"{whole.environ['PYTHONPATH']}:{tmp_path}")
    assert (one["check"], one["cure"]) == ("shadowed", "unset PYTHONPATH")
    assert str(tmp_path) in one["what"]
    version = packages(whole).parent.name
    user = whole.home / f".local/lib/{version}/site-packages"
    user.mkdir(parents=True)
    (user / "toyext.py").write_text("")
    (one,) = findings(whole)
    assert (one["check"], one["cure"]) == ("shadowed", "export PYTHONNOUSERSITE=1")
    assert "toyext would be imported from" in one["what"]
    assert findings(whole, PYTHONNOUSERSITE="1") == []


def test_the_python_does_not_start(whole: Project, tmp_path: Path) -> None:
    """In this shell because of a variable, or at all."""
    code = f"import os, sys\nif sys.prefix == {str(whole.prefix)!r}: os._exit(3)\n"
    (tmp_path / "sitecustomize.py").write_text(code)
    (one,) = findings(whole, PYTHONPATH=f"{whole.environ['PYTHONPATH']}:{tmp_path}")
    assert (one["check"], one["cure"]) == ("python", "unset PYTHONPATH")
    assert "but not in this shell" in one["what"]
    program = whole.python.resolve()
    program.unlink()
    program.write_text("#!/bin/sh\necho broken >&2\nexit 3\n")
    program.chmod(0o755)
    (one,) = findings(whole)
    assert one["check"] == "python"
    assert one["what"].endswith("does not run: broken")
    program.unlink()
    (one, *_) = findings(whole)
    assert one["what"].endswith("has no Python")


def test_an_interrupted_run_is_told_and_finished(whole: Project) -> None:
    """The journal is told before all else, and the command that is named finishes what it describes."""
    record = next(whole.prefix.glob("conda-meta/toypure-1.0-*.json"))
    name, version, build = record.stem.rsplit("-", 2)
    journal = whole.prefix / "conda-meta/pybuild/journal"
    rows = {"add": [], "notes": [], "specs": [], "origins": [], "dropped": ["toypure"]}
    command = "pybuild uninstall toypure"
    journal.write_text(json.dumps({**rows, "command": command, "remove": [[name, version, build]]}))
    (one,) = findings(whole)
    assert one["check"] == "interrupted"
    assert "pybuild uninstall toypure" in one["what"]
    cure(whole, one)
    assert not journal.exists()
    assert not record.exists()
    assert findings(whole) == []


def test_conda_removed_or_replaced_a_package(whole: Project) -> None:
    """Its record is gone, or there is one of another build: named, and installed again by what is said."""
    record = next(whole.prefix.glob("conda-meta/toyext-1.0-*.json"))
    for file in json.loads(record.read_text())["files"]:
        (whole.prefix / file).unlink(missing_ok=True)
    record.unlink()
    (one,) = findings(whole)
    assert (one["check"], one["level"]) == ("gone", "wrong")
    assert "conda removed it" in one["what"]
    whole.run(*shlex.split(one["cure"].split(" brings ")[0])[1:], "-y").done()
    assert findings(whole) == []


def test_a_damaged_note_or_record(whole: Project) -> None:
    """What pybuild noted and what a package says of itself come back by what doctor says."""
    for name in ("conda-meta/pybuild/toypure.json", "share/pybuild/toypure/record.json"):
        file = whole.prefix / name
        file.unlink()  # it may be a link into the cache
        file.write_text("{")
        (one,) = findings(whole)
        assert one["check"] == "unreadable"
        assert str(file) in one["what"]
        cure(whole, one)
        assert findings(whole) == []


def test_a_prefix_that_is_none(whole: Project) -> None:
    """A path that was named is an error, one of a variable as well, and each says which it is."""
    done = whole.run("doctor", "-p", whole.root / "nothing")
    assert (done.code, done.out) == (10, "")
    assert "is no conda prefix" in done.err
    done = whole.run("doctor", environ={"CONDA_PREFIX": str(whole.root / "nothing")})
    assert done.code == 10
    assert "CONDA_PREFIX names" in done.err
    assert "name a prefix with --prefix DIR" in whole.run("doctor").done().err
