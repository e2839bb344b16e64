"""What a command line names is looked at: folders that are not there, numbers that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from pybuild.cli.main import main


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("HOME", str(tmp_path))
    return {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}


@pytest.mark.parametrize("option", ["--recipes", "--sites", "--mirror"])
@pytest.mark.parametrize(
    ("path", "said"), [("/nonexist", "there is no such folder"), ("/dev/null", "is no folder")]
)
def test_a_folder_that_is_named_must_be_there(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], option: str, path: str, said: str
) -> None:
    """A slip of the keyboard is not the same as having nothing there."""
    assert main(["recipe", "list", option, path], environ) == 2
    assert f"{option} {path}: {said}" in capsys.readouterr().err


def test_a_folder_of_the_configuration_file_may_be_missing(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """One file serves several machines."""
    (tmp_path / "config.yaml").write_text("recipes: [/nonexist]\nsites: [/nonexist]\n")
    assert main(["recipe", "list"], {**environ, "PYBUILD_CONFIG": str(tmp_path / "config.yaml")}) == 0
    assert "mpi4py" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--recipes", "--sites"])
def test_the_home_may_be_a_tilde(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path, option: str
) -> None:
    """No shell replaces it behind an equals sign."""
    folder = tmp_path / "x/toyext"
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text("")
    (tmp_path / "x/toysite.yaml").write_text("name: [\n")
    words = ("recipe", "list") if option == "--recipes" else ("site", "show", "toysite")
    code = main([*words, f"{option}=~/x"], environ)
    out, err = capsys.readouterr()
    assert "toyext" in out.split() if option == "--recipes" else f"{tmp_path}/x/toysite.yaml:" in err
    assert code == (0 if option == "--recipes" else 3)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--older-than=-1",), "--older-than: found -1, expected a number of days from 0 on"),
        (("--older-than=nan",), "--older-than: found nan, expected"),
        (("--older-than=inf",), "--older-than: found inf, expected"),
        (("--older-than=1", "--used-by", "/usr"), "--used-by /usr: is no conda prefix"),
        (("--older-than=1", "--used-by", "/nonexist"), "--used-by /nonexist: there is no such folder"),
        (("--older-than=1", "--used-below", "/nonexist"), "--used-below /nonexist: there is no such folder"),
    ],
)
def test_prune_takes_no_slip_for_leave_to_remove(
    environ: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    words: tuple[str, ...],
    said: str,
) -> None:
    """What is mistyped would let packages that are used pass for unused, or old."""
    assert main(["channel", "prune", "-y", "--channel", str(tmp_path / "channel"), *words], environ) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        (("install", "mpi4py", "-p", "P"), ("--on", "slurm")),
        (("install", "mpi4py", "-p", "P"), ("--submit",)),
        (("verify", "-p", "P"), ("--on", "compute")),
        (("stack", "deploy", "nosuch.yaml"), ("--on", "compute")),
    ],
)
def test_job_options_are_read_before_anything_is_done(
    environ: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    words: tuple[str, ...],
    asks: tuple[str, ...],
) -> None:
    """An open quote, and options of a job that nobody asks for, are slips that are told at once."""
    (tmp_path / "P/conda-meta").mkdir(parents=True)
    (tmp_path / "P/conda-meta/history").touch()
    argv = [str(tmp_path / "P") if word == "P" else word for word in words]
    assert main([*argv, *asks, "--job-options=-A 'm1"], environ) == 2
    assert "error: --job-options: no closing quotation: -A 'm1\n" in capsys.readouterr().err
    assert main([*argv, "--job-options=-A m1"], environ) == 2
    out = capsys.readouterr()
    assert "--job-options is for asking for jobs or nodes, and nothing does\nhint: add --on" in out.err


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        ("plan", "pybuild stack lock {file}"),
        ("deploy", "pybuild stack lock {file}"),
        ("status", "pybuild stack deploy {file}"),
        ("rollback", "pybuild stack deploy {file}"),
        ("prune", "pybuild stack deploy {file}"),
    ],
)
def test_hints_name_the_stack_file_that_was_named(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str, hint: str
) -> None:
    """Typed as they stand they are about this stack, not about a stack.yaml."""
    file = tmp_path / "other.yaml"
    file.write_text(f"name: other\nroot: {tmp_path}/root\nrecipes: [mpi4py]\n")
    assert main(["stack", command, str(file), "--site", "generic"], environ) not in (0, 1)
    assert capsys.readouterr().err.splitlines()[-1] == f"hint: {hint.format(file=file)}"


@pytest.mark.parametrize("command", ["lock", "plan", "deploy", "status"])
def test_without_a_stack_file_the_same_command_is_hinted_at(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str
) -> None:
    """Whoever wanted to plan is not sent to lock."""
    assert main(["stack", command, str(tmp_path / "nosuch.yaml")], environ) == 2
    assert f"or name it: pybuild stack {command} FILE" in capsys.readouterr().err


def test_a_mirror_is_a_folder(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Said of --to, before anything is planned, and of no --prefix, which the command does not have."""
    (tmp_path / "file").touch()
    assert main(["mirror", "create", "mpi4py", "--to", str(tmp_path / "file")], environ) == 2
    err = capsys.readouterr().err
    assert f"--to {tmp_path}/file: is no folder" in err
    assert "--prefix" not in err
