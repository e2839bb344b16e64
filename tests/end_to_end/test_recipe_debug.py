"""``pybuild recipe debug``: the shell of a failed build has exactly its environment and directory."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end import toys
from tests.end_to_end.project import Project
from tests.end_to_end.toys import File

# Its parent is the step itself: the build front end. What the kernel gave to that one is what the step got.
_TELLING = """
import os, sys
step = "/proc/%d" % os.getppid()
with open(step + "/environ", "rb") as seen, open(os.environ["TELL"], "wb") as told:
    told.write(os.readlink(step + "/cwd").encode() + b"\\0" + seen.read())
print("error: the flux capacitor is missing", file=sys.stderr)
sys.exit(3)
"""
_VALUE = "a b'c\"d$HOME`id`\\n  two  spaces"


def broken(project: Project, name: str = "toyext", version: str = "9.0") -> None:
    """Give the project a recipe whose build writes down what it sees, and fails."""
    file = toys.sdist(name, version, {"setup.py": _TELLING})
    text = toys.extension_recipe(file, virtual="compiler", cc="${{ compiler.cc }}", ld="x", ranked=False)
    said = f'env: {{TELL: "{project.root}/told", ODD: {json.dumps(_VALUE)}, EMPTY: "", SHLVL: "7", PWD: /, '
    project.recipe(name, text.replace("env: {", said))
    project.serve(file)


@pytest.fixture
def failed(project: Project) -> Project:
    """A project in which the build of toyext has just failed."""
    broken(project)
    outcome = project.install("toyext")
    assert outcome.code == 5, outcome.err
    return project


def told(project: Project) -> tuple[str, dict[str, str]]:
    """Return directory and environment of the failing step."""
    where, *rest = (project.root / "told").read_bytes().split(b"\0")
    return os.fsdecode(where), pairs(rest)


def pairs(parts: list[bytes]) -> dict[str, str]:
    found = (os.fsdecode(part).partition("=") for part in parts if part)
    return {name: value for name, _, value in found if name != "_"}  # bash gives it to whatever it runs


def kept(project: Project) -> list[Path]:
    return sorted((project.cache / "stage").glob("*/stage.json"))


def note(project: Project) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(kept(project)[-1].read_text())
    return found


def test_environment_and_directory_are_those_of_the_failing_step(failed: Project) -> None:
    """Byte for byte what the kernel gave to the step, quotes, blanks and line ends included."""
    where, environment = told(failed)
    command = f"pwd -P > {failed.root}/pwd; env -0 > {failed.root}/env"
    failed.run("recipe", "debug", "toyext", "--command", command, environ={"LEAK": "1", "TERM": "vt"}).done()
    assert (failed.root / "pwd").read_text().strip() == where
    seen = pairs((failed.root / "env").read_bytes().split(b"\0"))
    assert seen == environment
    assert seen["ODD"] == _VALUE
    assert seen["SHLVL"] == "7"
    assert "TERM" not in seen


def test_what_is_printed_says_what_failed_and_how_to_repeat_it(failed: Project) -> None:
    """The step, the telling line of the log, the log, the command; and that very command fails again."""
    outcome = failed.run("recipe", "debug", "toyext", "--command", "exit 7")
    assert outcome.code == 7
    assert outcome.out == ""
    assert "step 'build' failed with exit code" in outcome.err
    assert "  | error: the flux capacitor is missing" in outcome.err
    assert f"log: {note(failed)['log']}" in outcome.err
    again = next(line for line in outcome.err.splitlines() if line.startswith("again: "))
    (failed.root / "told").unlink()
    second = failed.run("recipe", "debug", "toyext", "--command", again.removeprefix("again: "))
    assert second.code != 0
    assert "flux capacitor" in second.err + second.out
    assert (failed.root / "told").exists()


def test_the_note_is_for_programs(failed: Project) -> None:
    """Package, version, step, command, directory, log, time, prefix: as a file, and with ``--json``."""
    data = failed.run("recipe", "debug", "toyext", "--json").done().data
    assert (data["package"], data["version"], data["step"]) == ("toyext", "9.0", "build")
    assert data["argv"][1:4] == ["-m", "build", "--wheel"]
    assert data["cwd"] == told(failed)[0]
    assert Path(data["log"]).exists()
    assert data["prefix"] == str(failed.prefix)
    assert abs(datetime.fromisoformat(data["when"].replace("Z", "+00:00")).timestamp() - time.time()) < 600
    assert data["when"].endswith("Z")
    kept_note = {name: value for name, value in note(failed).items() if name != "seconds"}
    assert {name: value for name, value in data.items() if name != "root"} == kept_note


def test_a_terminal_gets_a_prompt_that_names_the_stage(failed: Project) -> None:
    """On a terminal a shell waits for commands; TERM is known to it and not exported."""
    command = " ".join(failed.command("recipe", "debug", "toyext"))
    typed = b'echo "<$TERM>"; env | grep -c ^TERM=; echo $((6 * 7))\nexit 5\n'
    done = subprocess.run(
        ["script", "-qec", command, "/dev/null"], input=typed, env=failed.environ | {"TERM": "vt100"},
        cwd=failed.root, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 5
    shown = done.stdout.decode()
    assert "(toyext-9.0-" in shown
    assert "<vt100>\r\n0\r\n42" in shown


def test_the_hint_of_the_failed_build_leads_to_the_same_place(failed: Project) -> None:
    """``bash <stage>/reopen.sh``, as printed."""
    script = kept(failed)[-1].with_name("reopen.sh")
    done = subprocess.run(
        ["bash", script, "pwd"], capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"}
    )
    assert done.stdout.strip() == told(failed)[0]


def test_nothing_kept_is_a_sentence(project: Project) -> None:
    """With a hint, and the code of a request that cannot be met."""
    outcome = project.run("recipe", "debug", "toyext")
    assert outcome.code == 4
    assert "no stage of a failed build of toyext is kept in" in outcome.err
    assert "hint: pybuild install toyext" in outcome.err


def test_the_newest_counts_and_a_prefix_chooses(failed: Project) -> None:
    """Of two failed builds for two prefixes the later one is opened, unless a prefix is named."""
    other = failed.root / "other"
    assert failed.install("toyext", "-p", other).code == 5
    assert failed.run("recipe", "debug", "toyext", "--json").done().data["prefix"] == str(other)
    named = failed.run("recipe", "debug", "toyext", "-p", failed.prefix, "--json").done().data
    assert named["prefix"] == str(failed.prefix)
    assert failed.run("recipe", "debug", "toyext", "-p", "/nowhere").code == 4


def test_three_stages_of_a_package_are_kept(failed: Project) -> None:
    """The oldest goes when a fourth is kept, but not while a shell is open in it; another package's stays."""
    first = kept(failed)[0].parent
    another = failed.cache / "stage" / "toyext-plus-1.0-x"
    shutil.copytree(first, another)
    changed = json.loads((another / "stage.json").read_text()) | {"package": "toyext-plus", "seconds": 1.0}
    (another / "stage.json").write_text(json.dumps(changed))
    for _ in range(2):
        assert failed.install("toyext").code == 5
    assert first.exists()
    with subprocess.Popen(["sleep", "100"], cwd=first) as shell:
        assert failed.install("toyext").code == 5
        assert first.exists()
        shell.kill()
    assert failed.install("toyext").code == 5
    assert not first.exists()
    mine = [path for path in kept(failed) if json.loads(path.read_text())["package"] == "toyext"]
    assert len(mine) == 3
    assert another.exists()


def test_a_damaged_note_is_passed_over(failed: Project) -> None:
    """Somebody's editor, a full disk: the stage is as good as gone, and said to be."""
    kept(failed)[-1].write_text('{"package": "toyext"}')
    assert failed.run("recipe", "debug", "toyext").code == 4


def test_a_source_that_cannot_be_unpacked_leaves_a_stage_as_well(project: Project) -> None:
    """No command failed, so none is to be repeated; the folder is the stage."""
    file = File("toyext-9.0.tar.gz", b"no archive at all")
    project.recipe("toyext", toys.extension_recipe(file))
    project.serve(file)
    assert project.install("toyext").code == 8
    data = project.run("recipe", "debug", "toyext", "--json").done().data
    assert (data["step"], data["argv"]) == ("", [])
    assert project.run("recipe", "debug", "toyext", "--command", "test -d overlay").code in (0, 1)
