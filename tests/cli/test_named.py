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


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("list", "-p", "/nonexist"), "/nonexist: there is no such prefix"),
        (("list", "-p", "/usr"), "/usr: is no conda prefix (it has no conda-meta/history)"),
        (("env", "activate", "-p", "/nonexist"), "/nonexist: there is no such prefix"),
        (("env", "run", "-p", "/nonexist", "true"), "/nonexist: there is no such prefix"),
        (("channel", "prune", "--older-than=1", "--channel", "/nonexist"), "/nonexist: there is no channel"),
    ],
)
def test_what_is_not_there_is_not_called_damaged(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    """A slip in a path is told as that."""
    assert main(words, environ) in (10, 12)
    assert f"error: {said}" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("list",), ("env", "run", "true"), ("install", "six")])
def test_only_what_makes_a_prefix_says_so(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """The hint where none is named."""
    assert main(words, environ) == 2
    makes = "; it is made if it does not exist" if words[0] == "install" else ""
    assert capsys.readouterr().err.splitlines()[1] == f"hint: add --prefix DIR{makes}"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("mirror", "create", "--to", "m", "--stack", "/nonexist"),
            "--stack /nonexist: there is no such file",
        ),
        (("env", "run", "--stack", "/nonexist", "true"), "--stack /nonexist: there is no such file"),
        (("stack", "lock", "/tmp"), "stack file /tmp: is a folder"),
        (("stack", "lock", "/nonexist"), "/nonexist: there is no stack file"),
        (("build", "/nonexist", "key"), "plan file /nonexist: there is no such file"),
        (("plan", "six", "-p", "p", "-o", "/nonexist/p"), "--output /nonexist/p: its folder does not exist"),
        (("report", "-o", "/nonexist/p"), "--output /nonexist/p: its folder does not exist"),
        (("stack", "lock", "s", "--upgrade", "a", "--upgrade-all"), "--upgrade and --upgrade-all contradict"),
        (("channel", "push", "--to", ""), "--to: found '', expected a folder"),
        (("channel", "push", "--to", "ftp://x/"), "--to: found 'ftp://x/', expected a folder"),
        (("channel", "pull", "--from", "s3://x/"), "--from: found 's3://x/', expected a folder"),
    ],
)
def test_a_slip_in_what_is_named_is_a_usage_error(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    """The same code whichever command it is, before anything is done."""
    assert main(words, environ) == 2
    assert f"error: {said}" in capsys.readouterr().err


def test_the_configuration_file_that_is_named_must_be_there(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is no wrong file, and has no line that could be corrected."""
    assert main(["recipe", "list"], {**environ, "PYBUILD_CONFIG": "/nonexist"}) == 2
    assert "error: PYBUILD_CONFIG: there is no file /nonexist" in capsys.readouterr().err


@pytest.mark.parametrize("grace", ["nan", "inf", "-1", "1e300"])
def test_the_grace_of_a_prune_is_a_time(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path, grace: str
) -> None:
    """One that a clock can have."""
    (tmp_path / "stack.yaml").write_text("name: team\nroot: /nonexist/team\npython: '3.11'\nconda: [zlib]\n")
    code = main(["stack", "prune", str(tmp_path / "stack.yaml"), f"--grace={grace}", "-n"], environ)
    assert code == 2
    assert "--grace hours from 0 on" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("jobs", "status"), ("report",)])
def test_without_a_run_it_is_said_what_makes_one(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path, words: tuple[str, ...]
) -> None:
    """And where it is looked for."""
    assert main([*words, "--cache", str(tmp_path)], environ) == 2
    assert "hint: pybuild install leaves one where it builds something" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("recipe", "list"), ("site", "list")])
def test_a_site_that_is_named_must_be_there(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """Also where nothing is asked of it."""
    assert main([*words, "--site", "nosuch"], environ) == 4
    assert "there is no site 'nosuch'" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "said"), [("nosuch", "no recipe for 'nosuch'"), ("", "no recipe for ''")])
def test_the_stage_of_no_recipe_is_not_looked_for(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    """The hint would be to install what there is not."""
    assert main(["recipe", "debug", name], environ) == 4
    err = capsys.readouterr().err
    assert said in err
    assert "pybuild install" not in err


@pytest.mark.parametrize("words", [("plan", "six", "-p", "p"), ("env", "create", "-p", "p")])
def test_a_python_that_is_named_must_be_there(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """Its path is told once."""
    assert main([*words, "--python", "/nonexist/python"], environ) == 2
    assert capsys.readouterr().err == "error: --python /nonexist/python: there is no such file\n"


def test_what_a_recipe_needs_is_shown(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """What it runs with and is built with, also where that depends on the version."""
    assert main(["recipe", "show", "h5py"], environ) == 0
    rows = dict(line.split("  ", 1) for line in capsys.readouterr().out.splitlines() if "  " in line)
    assert "numpy" in rows["needs"]
    assert "cython" in rows["to build"]
    assert any(label.startswith("needs, <") and "numpy" in text for label, text in rows.items())


def test_a_prefix_is_made_where_nothing_is(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Or an empty folder; the hint for one with other things in it is not to install there."""
    words = ["env", "create", "-n", "--site", "generic", "--offline", "-p", str(tmp_path / "p")]
    (tmp_path / "p").mkdir()
    assert main(words, environ) == 0
    (tmp_path / "p/file").touch()
    capsys.readouterr()
    assert main(words, environ) == 10
    assert "exists already, and is no conda prefix\nhint: name another --prefix" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--site", "--sites", "--recipes", "--channel"])
def test_build_takes_no_word_that_the_plan_file_decides(
    environ: dict[str, str], capsys: pytest.CaptureFixture[str], option: str
) -> None:
    """It built into the plan's channel, whatever else was named."""
    assert main(["build", "plan.json", "mpi4py", option, "/tmp"], environ) == 2
    assert f"unrecognized arguments: {option} /tmp" in capsys.readouterr().err
