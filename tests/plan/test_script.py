"""The printed script is bash, does what the plan says, and no name in the plan can make it do more."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pybuild.model.modules import Operation
from pybuild.model.plan import (
    BuildPlan,
    Download,
    Edit,
    Overlay,
    PackagePlan,
    Plan,
    PlannedCheck,
    Run,
    StageInterpreter,
    StageWheel,
    Step,
    Unpack,
)
from pybuild.model.recipe import Build, RecipeModules
from pybuild.plan.script import render_script
from pybuild.process import capture
from tests.plan import worlds
from tests.plan.cray import cray
from tests.plan.worlds import sha, user_of_mpi, world

PATH = Edit(kind="set", name="PATH", value="/usr/bin:/bin", why="path")
PRINT = ("/bin/sh", "-c", 'printf "%s\\0" "$@" >> "$OUT"', "sh")
"""A command that writes its arguments, each ended by NUL, to the file ``$OUT``."""
OUT = Edit(kind="set", name="OUT", value="${{ prefix }}/out", why="test")


def package(*steps: Step, edits: tuple[Edit, ...] = (), checks: tuple[PlannedCheck, ...] = (), **changes: object) -> PackagePlan:  # fmt: skip  # noqa: E501
    build = BuildPlan(
        python="3.11.7", new_python=False, host=(), environment=(PATH, OUT, *edits), steps=steps, inputs="{}"
    )
    made = PackagePlan(
        name="thing", version="1.0", build_string="b", key="k", loose_key="l", action="build", change="new",
        requested=True, build=build, checks=checks,
    )  # fmt: skip
    from dataclasses import replace

    return replace(made, **changes)  # type: ignore[arg-type]


def plan(prefix: str, *packages: PackagePlan, specs: tuple[str, ...] = ("thing",)) -> Plan:
    return Plan(
        specs=specs, site="here", site_text="", prefix=prefix, new_prefix=False, python="3.11.7",
        subdir="linux-64", packages=packages, channel="/c", verify="built",
    )  # fmt: skip


def bash(
    script: str, *options: str, path: str = "/usr/bin:/bin", **variables: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", *options, "/dev/stdin"], input=script, env={"PATH": path, **variables},
        text=True, capture_output=True, check=False, timeout=60,
    )  # fmt: skip


def carried_out(prefix: Path, *packages: PackagePlan, addresses: dict[str, str] | None = None, **variables: str) -> list[str]:  # fmt: skip  # noqa: E501
    """Run the script of a plan and return what its commands printed by PRINT."""
    done = bash(render_script(plan(str(prefix), *packages), addresses or {}, {}), **variables)
    assert done.returncode == 0, done.stderr
    return (prefix / "out").read_bytes().decode().split("\0")[:-1]


def archive(folder: Path) -> tuple[Download, str]:
    """Make a source archive; return its download and address."""
    file = folder / "thing-1.0.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        member = tarfile.TarInfo("thing-1.0/hello.txt")
        member.size = 5
        tar.addfile(member, io.BytesIO(b"hello"))
    return Download(file=file.name, sha256=hashlib.sha256(file.read_bytes()).hexdigest()), file.as_uri()


def test_a_source_is_fetched_checked_and_unpacked_without_its_top_folder(tmp_path: Path) -> None:
    """The command then runs in the unpacked source, with the late tokens filled in."""
    download, url = archive(tmp_path)
    run = Run(name="build", argv=("/bin/cp", "hello.txt", "${{ prefix }}/out"))
    printed = Run(
        name="show", argv=(*PRINT, "${{ jobs }}", "${{ source }}", "${{ python }}", "${{ prefix }}s")
    )
    out = carried_out(
        tmp_path, package(Unpack(download=download), run, printed), addresses={download.sha256: url}
    )
    jobs, source, python, beside = out
    assert jobs.removeprefix("hello").isdigit()
    assert source.endswith("/thing/source")
    assert (python, beside) == (f"{tmp_path}/bin/python", f"{tmp_path}s")


def test_a_source_with_other_bytes_stops_the_script(tmp_path: Path) -> None:
    """Before anything of it is unpacked or run."""
    download, url = archive(tmp_path)
    wrong = Download(file=download.file, sha256=sha("0"))
    made = plan(str(tmp_path), package(Unpack(download=wrong), Run(name="build", argv=(*PRINT, "x"))))
    done = bash(render_script(made, {wrong.sha256: url}, {}))
    assert done.returncode != 0
    assert not (tmp_path / "out").exists()


def test_a_failing_step_stops_the_script(tmp_path: Path) -> None:
    """Nothing goes on with half a build."""
    steps = (Run(name="build", argv=("/bin/false",)), Run(name="install", argv=(*PRINT, "x")))
    assert bash(render_script(plan(str(tmp_path), package(*steps)), {}, {})).returncode == 1
    assert not (tmp_path / "out").exists()


def test_the_work_folder_is_gone_afterwards(tmp_path: Path) -> None:
    """Also after a failure."""
    for command in ("/bin/true", "/bin/false"):
        made = plan(str(tmp_path), package(Run(name="build", argv=(command,))))
        bash(render_script(made, {}, {}), TMPDIR=str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_the_environment_of_a_step_is_the_plans_and_nothing_else(tmp_path: Path) -> None:
    """What the caller exported does not reach it; what only passes through the site's list is left out."""
    edits = (
        Edit(kind="set", name="SECRET_OF_SITE", value="1", why="site keep_env"),
        Edit(kind="set", name="HOME", value="${{ staging }}.home", why="no file of the user is read"),
        Edit(kind="set", name="A", value="1"),
        Edit(kind="prepend", name="A", value="0"),
        Edit(kind="set", name="GONE", value="1"),
        Edit(kind="unset", name="GONE"),
    )
    run = Run(name="show", argv=("/bin/sh", "-c", 'env > "$OUT"'))
    printed = "\n".join(carried_out_text(tmp_path, package(run, edits=edits), CFLAGS="-march=native", A="9"))
    names = {line.partition("=")[0] for line in printed.splitlines()}
    assert names - {"PWD", "_", "SHLVL", "OLDPWD"} == {"PATH", "OUT", "TMPDIR", "HOME", "A"}
    assert "A=0:1" in printed.splitlines()
    assert f"HOME={tmp_path}" not in printed


def carried_out_text(prefix: Path, made: PackagePlan, **variables: str) -> list[str]:
    done = bash(render_script(plan(str(prefix), made), {}, {}), **variables)
    assert done.returncode == 0, done.stderr
    return (prefix / "out").read_text().splitlines()


HOSTILE = [
    "a b", "a'b", 'a"b', "$HOME", "$(touch BAD)", "`touch BAD`", "a\nb", "a\ntouch BAD\nb", "a;touch BAD",
    "a\\", "\\$(touch BAD)", "!x", "*", "~", "-n", "#x", "{x}", "${{x}}", "$PREFIX", "$WORK", "ä",
    "a&&touch BAD",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_stay_words(tmp_path: Path, text: str) -> None:
    """As the prefix's name, an argument, a variable's value, a reason and a spec: nothing of it is run."""
    prefix = tmp_path / text.replace("/", "")
    prefix.mkdir()
    edit = Edit(kind="set", name="VALUE", value=text)
    run = Run(name="build", argv=("/bin/sh", "-c", 'printf "%s\\0" "$VALUE" "$@" > "$OUT"', "sh", text, "${{ prefix }}"))  # fmt: skip  # noqa: E501
    made = plan(str(prefix), package(run, edits=(edit,), why=(text, f"x\n{text}")), specs=(text,))
    script = render_script(made, {}, {})
    done = subprocess.run(
        ["bash", "/dev/stdin"], input=script, cwd=tmp_path, env={"PATH": "/usr/bin:/bin"},
        text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (prefix / "out").read_text().split("\0")[:-1] == [text, text, str(prefix)]
    assert [path.name for path in tmp_path.iterdir()] == [prefix.name]
    assert [path.name for path in prefix.iterdir()] == ["out"]


@settings(max_examples=30)
@given(
    st.lists(
        st.text(alphabet=st.characters(exclude_characters="\0", codec="utf-8"), max_size=12).filter(
            lambda text: "{{" not in text
        ),
        max_size=6,
    )
)
def test_any_argument_arrives_as_it_is(words: list[str]) -> None:
    """Whatever the characters: bash hands the command exactly the plan's words."""
    folder = Path(tempfile.mkdtemp())
    try:
        assert carried_out(folder, package(Run(name="build", argv=(*PRINT, "x", *words)))) == ["x", *words]
    finally:
        shutil.rmtree(folder)


def fake_prefix(folder: Path) -> Path:
    """Make a prefix whose python writes down how it was called."""
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nprintf "%s " "$MPI4PY_RC_INITIALIZE" "$PYBUILD_RANKS" "$@" >> "$(dirname "$0")/../calls"\necho >> "$(dirname "$0")/../calls"\n')  # fmt: skip  # noqa: E501
    python.chmod(0o755)
    return folder


def test_wheels_go_in_by_pip_without_looking_anywhere(tmp_path: Path) -> None:
    """Build requirements to the overlay, the built wheel to the prefix; nothing is resolved or downloaded."""
    prefix = fake_prefix(tmp_path / "env")
    download, url = archive(tmp_path)
    steps = (
        Overlay(downloads=(download,)),
        Run(name="build", argv=("/bin/sh", "-c", 'touch "$1"/x.whl', "sh", "${{ dist }}")),
        StageWheel(),
        StageWheel(download=download),
    )
    made = render_script(plan(str(prefix), package(*steps)), {download.sha256: url}, {})
    assert bash(made).returncode == 0
    calls = [line.split() for line in (prefix / "calls").read_text().splitlines()]
    assert all(
        call[:3] == ["-m", "pip", "install"] and {"--no-deps", "--no-index"} <= set(call) for call in calls
    )
    assert [call[-1].rsplit("/", 1)[-1] for call in calls] == [download.file, "x.whl", download.file]
    assert "--target" in calls[0]


def test_an_empty_overlay_needs_no_pip(tmp_path: Path) -> None:
    """Pip would refuse to install nothing, and the script would stop there."""
    prefix = fake_prefix(tmp_path / "env")
    assert bash(render_script(plan(str(prefix), package(Overlay(downloads=()))), {}, {})).returncode == 0
    assert not (prefix / "calls").exists()


def test_a_new_prefix_is_a_venv_of_the_plans_python(tmp_path: Path) -> None:
    """Made by the interpreter that the plan names, wherever it lies."""
    python = tmp_path / "a python"
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@" > "$3".calls\n')
    python.chmod(0o755)
    made = plan(str(tmp_path / "my env"), package(StageInterpreter(interpreter=str(python))))
    done = bash(render_script(made, {}, {}))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "my env.calls").read_text().splitlines() == ["-m", "venv", f"{tmp_path}/my env"]


def test_checks_run_at_the_end(tmp_path: Path) -> None:
    """The import without starting MPI, the ranks through the launcher with the site's settings."""
    prefix = fake_prefix(tmp_path / "env")
    checks = (
        PlannedCheck(level="imported", name="import", imports=("thing", "thing.MPI")),
        PlannedCheck(
            level="ranked", name="ranks", script="${{ prefix }}/share/pybuild/thing/ranks.py", ranks=3,
            launcher=("/usr/bin/env", "RANKS=${{ ranks }}"), environment=(("OVER", "a b"),),
        ),
        PlannedCheck(level="ranked", name="no text", script="/x/absent.py", ranks=2, launcher=("false",)),
    )  # fmt: skip
    text = "print('$HOME')\n"
    made = plan(str(prefix), package(checks=checks))
    script = render_script(made, {}, {"thing/ranks.py": text})
    assert text in script
    done = bash(script)
    assert done.returncode == 0, done.stderr
    calls = (prefix / "calls").read_text().splitlines()
    assert calls[0].split() == ["0", "-c", "import", "thing;", "import", "thing.MPI"]
    assert calls[1].split()[0] == "3"
    assert len(calls) == 2


def test_what_a_test_script_imports_lies_beside_it(tmp_path: Path) -> None:
    """Modules of pybuild are written out once, before any check; the script finds them as in a prefix."""
    prefix = tmp_path / "env"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin/python").symlink_to(sys.executable)
    checks = tuple(
        PlannedCheck(level="ranked", name=name, script=f"/x/{name}.py", ranks=2, launcher=("/usr/bin/env",))
        for name in ("one", "two")
    )
    text = "from pybuild_shared import value\nprint(value, __file__.rpartition('/')[2])\n"
    scripts = {
        "thing/one.py": text, "pybuild_shared.py": "value = 'shared'\n", "thing/two.py": text
    }  # fmt: skip
    made = render_script(plan(str(prefix), package(checks=checks)), {}, scripts)
    assert made.count("value = 'shared'") == 1
    done = bash(made)
    assert (done.returncode, done.stdout) == (0, "shared one.py\nshared two.py\n"), done.stderr


def test_what_is_kept_is_not_in_the_script(tmp_path: Path) -> None:
    """Neither its build nor its checks."""
    checks = (PlannedCheck(level="imported", name="import", imports=("thing",)),)
    kept = package(Run(name="build", argv=("/bin/false",)), checks=checks, action="keep")
    assert bash(render_script(plan(str(tmp_path), kept), {}, {})).returncode == 0


def test_a_package_of_the_channel_is_built_in_the_script(tmp_path: Path) -> None:
    """Who has only the script does not have the channel."""
    held = package(Run(name="build", argv=(*PRINT, "built")), action="channel", file="/c/x.conda")
    assert carried_out(tmp_path, held) == ["built"]


@pytest.mark.parametrize("name", ["x y", "x\ny", "x'y", "$(id)"])
def test_every_script_parses(name: str) -> None:
    """``bash -n`` on a script with every kind of step."""
    download = Download(file="f-1.tar.gz", sha256=sha("1"), url="https://x.example/f")
    steps = (
        StageInterpreter(interpreter=f"/{name}"), Unpack(download=download), Overlay(downloads=(download,)),
        Run(name="r", argv=(name,)), StageWheel(), StageWheel(download=download),
    )  # fmt: skip
    script = render_script(plan(f"/{name}", package(*steps, why=(name,))), {}, {})
    done = bash(script, "-n")
    assert (done.returncode, done.stderr) == (0, "")
    assert os.linesep + "set -euo pipefail" in script


def test_with_modules_it_is_the_documentations_own_page() -> None:
    """Fetch, unpack, swap the programming environment, unload huge pages, build, install: in that order."""
    recipe = user_of_mpi(
        build=Build(
            system="distutils",
            args=("--mpicc=${{ mpi.cc }} ${{ mpi.shared }}",),
            build_commands=(("build_exe", "--mpicc=${{ mpi.cc }} ${{ mpi.dynamic }}"),),
            install_commands=(("install_exe", "--install-dir=${{ staging }}/bin"),),
        )
    )
    made = worlds.plan(world(recipe, site=cray()), "thing")
    lines = render_script(made, {}, {}).splitlines()
    expected = (
        "fetch ",
        "tar ",
        "module swap PrgEnv-intel PrgEnv-gnu",
        "module unload craype-hugepages2M",
        "loaded PrgEnv-gnu",
        "gone 'craype-hugepages*'",
        'export CRAYPE_LINK_TYPE="dynamic"',
        '"${PREFIX}/bin/python" setup.py build "--mpicc=cc -shared"',
        '"${PREFIX}/bin/python" setup.py build_exe "--mpicc=cc -dynamic"',
        '"${PREFIX}/bin/python" setup.py install ',
        '"${PREFIX}/bin/python" setup.py install_exe "--install-dir=${PREFIX}/bin"',
    )
    start = lines.index("### thing 1.0")
    places = [next(n for n, line in enumerate(lines) if n > start and line.startswith(e)) for e in expected]
    assert places == sorted(places)


def test_a_module_that_does_not_load_stops_the_script(tmp_path: Path) -> None:
    """The module command says nothing about failure, so the script looks at what is loaded."""
    init = tmp_path / "init"
    init.write_text("module() { :; }\nLOADEDMODULES=craype-haswell:PrgEnv-intel:cray-mpich:dvs\n")
    site = cray()
    site = replace(site, modules=replace(site.modules, init=(str(init),)))
    script = tmp_path / "script"
    script.write_text(render_script(worlds.plan(world(user_of_mpi(), site=site), "thing"), {}, {}))
    answer = capture(["bash", str(script)], env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)})
    assert (answer.code, "not loaded: craype-hugepages2M" in answer.err) == (9, True), answer.err


def test_the_script_demands_what_holds_after_the_last_step(tmp_path: Path) -> None:
    """A module that a recipe takes away again is not missed, and one of a longer name is no rest of it."""
    own = RecipeModules(
        operations=(
            Operation(kind="load", module="cray-hdf5-parallel"),
            Operation(kind="unload", module="cray-hdf5"),
            Operation(kind="swap", module="craype-mic-knl", old="craype-haswell"),
        ),
        reason="so",
    )
    text = render_script(worlds.plan(world(user_of_mpi(modules=(own,)), site=cray()), "thing"), {}, {})
    demands = [line for line in text.splitlines() if line.startswith(("loaded c", "loaded P", "gone "))]
    assert demands[:6] == [
        "loaded PrgEnv-gnu",
        "loaded cray-mpich",
        "loaded cray-hdf5-parallel",
        "loaded craype-mic-knl",
        "gone 'craype-hugepages*'",
        "gone cray-hdf5",
    ]
    functions = text[text.index("loaded() {") : text.index("set +eu")]
    for loaded, name, code in (
        ("a:cray-hdf5-parallel/1.0", "cray-hdf5", 0),
        ("a:cray-hdf5/1.0", "cray-hdf5", 9),
        ("craype-hugepages2M:b", "'craype-hugepages*'", 9),
    ):
        argv = ["bash", "-c", f"{functions}\ngone {name}"]
        assert capture(argv, env={"PATH": "/usr/bin:/bin", "LOADEDMODULES": loaded}).code == code


def test_the_clean_shell_keeps_the_job_and_the_network(tmp_path: Path) -> None:
    """Ranks are started inside a job only, and sources may lie behind a proxy; the rest stays out."""
    text = render_script(worlds.plan(world(user_of_mpi(), site=cray()), "thing"), {}, {})
    script = tmp_path / "script"
    script.write_text(text[: text.index("loaded() {")] + "env\n")
    environ = {
        "PATH": "/usr/bin:/bin", "HOME": "/h", "SLURM_JOB_ID": "12", "https_proxy": "http://p:1", "CC": "icc",
        "PYBUILD_CLEAN": "1",
    }  # fmt: skip
    out = capture(["bash", str(script)], env=environ).out.splitlines()
    assert {"SLURM_JOB_ID=12", "https_proxy=http://p:1"} <= set(out)
    assert not [line for line in out if line.startswith(("CC=", "PYBUILD", "HOME=/h"))]
