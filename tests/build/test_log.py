"""After a failed build the lines that tell are shown, and a script opens a shell where it stopped."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from pybuild.build.log import open_log, relevant_lines, write_reopen_script
from pybuild.build.stage import HOST_LENGTH, make_stage
from pybuild.model.plan import PackagePlan

PACKAGE = PackagePlan(
    name="thing", version="1.0", build_string="b_0", key="k", loose_key="l", action="build", change="new",
    requested=True,
)  # fmt: skip
NOISE = [f"copying file {number}" for number in range(40)]


def relevant(tmp_path: Path, *lines: str) -> tuple[str, ...]:
    file = tmp_path / "log"
    file.write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
    return relevant_lines(file)


@pytest.mark.parametrize(
    "line",
    [
        "src/x.c:1:10: fatal: mpi.h: No such file or directory",
        "src/x.c:7:5: error: unknown type name 'PyLongObject'",
        "ld: x.o: undefined reference to `MPI_Init'",
        "/usr/bin/ld: cannot find -lmpi",
        "sh: 1: mpicc: not found",
    ],
)
def test_the_first_telling_line_with_what_is_around_it(tmp_path: Path, line: str) -> None:
    """Two lines before, the rest after: twelve in all, whatever came earlier and comes later."""
    later = ["error: command failed", *NOISE]
    found = relevant(tmp_path, *NOISE, "gcc -c x.c", "In file included from y.h", line, *later)
    assert found[:3] == ("gcc -c x.c", "In file included from y.h", line)
    assert len(found) == 12


def test_a_telling_line_at_the_very_beginning(tmp_path: Path) -> None:
    """Nothing stands before it."""
    assert relevant(tmp_path, "error: x", "b")[0] == "error: x"
    assert relevant(tmp_path, "a", "error: x", "b") == ("a", "error: x", "b")


def test_our_own_lines_do_not_tell(tmp_path: Path) -> None:
    """The environment is in the log too, and a variable may hold any word."""
    found = relevant(tmp_path, "# NOTE=error: x", *NOISE, "src/x.c:1: error: real", "end")
    assert "src/x.c:1: error: real" in found
    assert "# NOTE=error: x" not in found


def test_without_a_telling_line_the_end_is_shown(tmp_path: Path) -> None:
    """A traceback, most often; an empty log shows nothing."""
    assert relevant(tmp_path, *NOISE, "ValueError") == (*NOISE[-11:], "ValueError")
    assert relevant(tmp_path) == ()


def test_the_environment_is_not_what_is_shown_at_the_end(tmp_path: Path) -> None:
    """Where a build went well and its files were refused, what ran is shown."""
    assert relevant(tmp_path, *("# PATH=/bin",) * 20, "$ cd /source", "$ make") == ("$ cd /source", "$ make")


def test_bytes_that_are_no_text_do_not_stop_it(tmp_path: Path) -> None:
    """Compilers print file names as they are."""
    assert relevant(tmp_path, "error: \udcff")[0] == "error: \N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("earlier", "line"),
    [
        ("x", "ERROR: Could not build wheels for thing"),
        ("x", "ModuleNotFoundError: No module named 'setuptools'"),
        ("gcc -Wno-error -c src/error.c", "src/x.c:7:5: error: unknown type name"),
    ],
)
def test_python_errors_tell_and_names_of_files_do_not(tmp_path: Path, earlier: str, line: str) -> None:
    """What a person would look at first."""
    assert line in relevant(tmp_path, earlier, *NOISE, line, *NOISE)


def test_a_log_has_a_name_of_its_own(tmp_path: Path) -> None:
    """Package, build and time; what is written is on disk at once."""
    with open_log(tmp_path / "logs", PACKAGE) as log:
        log.write(b"line\n")
        text = Path(log.name).read_text()
    assert text == "# thing 1.0 b_0\nline\n"
    assert Path(log.name).name.startswith("thing-1.0-b_0-")


ENVIRONMENT = {
    "PATH": "/usr/bin:/bin", "A": "a b'c\"d$HOME`id`", "EMPTY": "", "LINES_OF_TEXT": "one\ntwo",
}  # fmt: skip


def test_the_script_opens_the_builds_own_shell(tmp_path: Path) -> None:
    """In the source, with exactly the build's environment, whatever it holds; ``_`` is every bash's."""
    stage = make_stage(tmp_path / "a stage", "thing-1.0")
    stage.source.mkdir()
    script = write_reopen_script(stage, ENVIRONMENT)
    assert os.access(script, os.X_OK)
    parsed = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True, check=False)
    assert (parsed.returncode, parsed.stderr) == (0, "")
    done = subprocess.run(
        ["bash", str(script)], input="pwd; env -0 -u _",
        env={"LEAK": "1", "PATH": "/usr/bin:/bin", "TERM": "vt"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    where, _, rest = done.stdout.partition("\n")
    assert where == str(stage.source)
    seen = dict(line.partition("=")[::2] for line in rest.split("\0")[:-1])
    assert seen == ENVIRONMENT


def test_before_anything_is_unpacked_it_opens_the_stage(tmp_path: Path) -> None:
    """The folder must exist."""
    stage = make_stage(tmp_path, "thing-1.0")
    assert f"cd {shlex.quote(str(stage.root))} ||" in write_reopen_script(stage, {}).read_text()


def test_a_stage_is_private_and_its_host_long_enough(tmp_path: Path) -> None:
    """Any prefix of up to two hundred characters can take its place; the path is allowed everywhere."""
    stage = make_stage(tmp_path / "x" / "stage", "thing-1.0")
    assert stage.root.stat().st_mode & 0o777 == 0o700
    assert HOST_LENGTH <= len(str(stage.host)) <= 250
    assert not stage.host.exists()
    assert not stage.source.exists()
    assert all(folder.is_dir() for folder in (stage.overlay, stage.staging, stage.dist, stage.root / "tmp"))
    assert make_stage(tmp_path / "x" / "stage", "thing-1.0").root != stage.root
