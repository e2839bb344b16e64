"""Again is nothing: a satisfied prefix costs little and stays as it is; a new one needs no compiler."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.project import BASE, Project, changed, snapshot

OWN = {
    "pybuild", "pybuild.cli", "pybuild.cli.main", "pybuild.cli.plain", "pybuild.cli.satisfied",
    "pybuild.cli.text", "pybuild.prefix", "pybuild.prefix.notes", "pybuild.prefix.places",
}  # fmt: skip
"""What may be imported of pybuild: each is one more file to open on a parallel file system."""
LIBRARIES = {"rattler", "yaml", "requests", "jsonschema", "rich", "elftools", "subprocess", "argparse"}

ACTING = {
    "argparse", "concurrent.futures", "jsonschema", "rattler", "requests", "socket", "pybuild.building",
    "pybuild.commit", "pybuild.locks", "pybuild.modules.capture", "pybuild.run.events",
}  # fmt: skip


@pytest.mark.parametrize("spec", ["toyext", "toyext==1.0", "toyext<2"])
def test_nothing_changes(peopled: Project, spec: str) -> None:
    """The same command leaves every file and folder of prefix, channel and cache as it was."""
    peopled.install("toyext==1.0").done()
    before = snapshot(peopled.prefix, peopled.channel, peopled.cache, peopled.home)

    outcome = peopled.install(spec).done()

    after = snapshot(peopled.prefix, peopled.channel, peopled.cache, peopled.home)
    assert changed(before, after) == []
    assert "nothing to do" in outcome.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--use", "mpi=nosuch"), 4, "has no provider 'nosuch' of 'mpi'"),
        (("--use", "mpi"), 2, "expected VIRTUAL=PROVIDER"),
        (("--target", "nosuch"), 4, "has no target 'nosuch'"),
        (("--python", "2.7"), 4, "--python 2.7: "),
        (("--python", "/nothing/python3"), 2, "--python /nothing/python3: "),
    ],
)
@pytest.mark.parametrize("command", ["install", "plan"])
def test_what_is_there_hides_no_mistake(
    peopled: Project, command: str, words: tuple[str, ...], code: int, said: str
) -> None:
    """An option that cannot be obeyed is refused although the package is installed."""
    outcome = peopled.run(command, "toypure", *words, *(["-y"] if command == "install" else []))
    assert outcome.code == code
    assert said in outcome.err


def test_little_is_read(peopled: Project, tmp_path: Path) -> None:
    """A satisfied prefix is recognised without a heavy library and with few files opened."""
    outcome = peopled.install("toypure", environ={"PYTHONPROFILEIMPORTTIME": "1"}).done()
    loaded = {line.rsplit("|", 1)[-1].strip() for line in outcome.err.splitlines() if "|" in line}
    assert {name for name in loaded if name.split(".")[0] == "pybuild"} == OWN
    assert {name for name in loaded if name.split(".")[0] in LIBRARIES} == set()

    if shutil.which("strace") is None:
        pytest.skip("strace is not there to count the files")
    trace = tmp_path / "trace"
    strace = ("strace", "-f", "-e", "trace=openat,execve", "-o", str(trace))
    subprocess.run([*strace, sys.executable, "-c", "pass"], check=True)
    bare = _opened(trace)
    peopled.install("toypure", before=strace).done()
    assert 0 < _opened(trace) - bare < 60
    assert trace.read_text().count("execve(") == 1, "no other program is started"


def test_a_plan_imports_nothing_that_acts_and_starts_no_python(peopled: Project, tmp_path: Path) -> None:
    """For a new prefix, the second time: what the Python is, is remembered."""
    words = ("plan", "toypure", "-p", peopled.root / "planned")
    first = peopled.run(*words).done()
    second = peopled.run(*words, environ={"PYTHONPROFILEIMPORTTIME": "1"}).done()
    assert second.out == first.out
    loaded = {line.rsplit("|", 1)[-1].strip() for line in second.err.splitlines() if "|" in line}
    assert "pybuild.plan.make" in loaded, "the list of imports was read"
    assert loaded & ACTING == set()

    if shutil.which("strace") is None:
        pytest.skip("strace is not there to see what is started")
    trace = tmp_path / "trace"
    peopled.run(*words, before=("strace", "-f", "-e", "trace=execve", "-o", str(trace))).done()
    assert f'execve("{BASE}"' not in trace.read_text()


def _opened(trace: Path) -> int:
    """Return how many files were opened."""
    return len(re.findall(r"openat\(.*\) = \d", trace.read_text()))


@pytest.fixture
def without_compiler(tmp_path: Path) -> str:
    """A PATH with a shell and no compiler."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "env", "dirname", "mktemp", "rm"):
        (folder / name).symlink_to(shutil.which(name) or name)
    return str(folder)


def test_new_prefix_comes_from_the_channel(project: Project, without_compiler: str) -> None:
    """With the package in the channel, no compiler, no index and no source is needed."""
    shutil.rmtree(project.cache)
    channel = snapshot(project.channel)

    project.install(
        "toyext", environ={"PATH": without_compiler, "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}
    ).done()

    assert project.imports("toyext") == "2.0"
    assert project.note("toyext")["level"] == "ranked"
    noted = str(project.channel / "linux-64/.pybuild/prefixes")  # who uses the channel, for channel prune
    assert set(changed(channel, snapshot(project.channel))) <= {noted}
    assert project.server.seen == []


def test_rebuild_builds(project: Project) -> None:
    """``--rebuild`` makes what was asked for anew although the channel has it; the rest is not built."""
    plan = project.run("plan", "toyext", "--rebuild", "--json").done().data
    actions = {package["name"]: package["action"] for package in plan["packages"]}
    assert actions == {"python": "channel", "toympi": "channel", "toyext": "build", "pip": "channel"}

    project.install("toyext", "--rebuild").done()

    assert [path.stem[-2:] for path in project.built("toyext-2.0")] == ["_0", "_1"]
    assert str(project.note("toyext")["build"]).endswith("_1")
    assert project.imports("toyext") == "2.0"
