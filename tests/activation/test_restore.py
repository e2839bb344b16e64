"""What a prefix's own scripts make of a shell, and that deactivation leaves it as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pybuild.model.plan import Edit, EditKind
from pybuild.process import capture
from tests.activation.parts import BEFORE, CLEAN, NASTY, Machine, loaded
from tests.activation.shells import (
    OURS,
    SHELLS,
    activate,
    bare_prefix,
    cray_prefix,
    different,
    moments,
)

STARTS = {
    "none": (),
    "other": ("PrgEnv-intel", "craype-hugepages2M", "darshan"),
    "already": ("craype-hugepages8M", "craype-hugepages2M", "PrgEnv-gnu", "xalt"),
}
OFF = "pybuild_deactivate"
VALUES = st.text(st.sampled_from("'\"\\`$!*?~#%&|;<>(){}[]^=@:,- \tab0é\n"), max_size=10)


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("shell", SHELLS)
def test_every_variable_is_as_before(cray: Machine, shell: str, start: str, tmp_path: Path) -> None:
    """Before, during and after, variable by variable, with both module tools."""
    prefix = cray_prefix(cray, tmp_path / "it's a $prefix")
    load = [f"module load {one}" for one in STARTS[start]]
    lines = [*load, "LOOK", activate(shell, prefix), "LOOK", OFF, "LOOK"]
    (before, during, after), ended = moments(shell, lines, tmp_path, start=BEFORE, cray=cray)
    assert ended.code == 0, ended.err
    assert "pybuild:" not in ended.err
    assert loaded(during) == {"PrgEnv-gnu", "cray-hdf5", "xalt"}
    assert during["PE_ENV"] == "GNU"
    assert not {"HUGETLB_MORECORE", "HUGETLB_DEFAULT_PAGE_SIZE", "DARSHAN", "TOY_GONE"} & during.keys()
    assert (during["TOY_NASTY"], during["TOY_EMPTY"], during["TOY_OLD"]) == (NASTY, "", "new")
    assert during["TOY_LATE"] == f"-L/opt/hdf5/lib:{prefix}/lib it's"
    assert (during["TOY_PATH"], during["TOY_NEW_PATH"]) == ("/first:/second", "/only")
    assert during["PATH"].split(":")[:2] == [f"{prefix}/bin", "/opt/gnu/bin"]
    assert during["CONDA_PREFIX"] == str(prefix)
    assert different(before, after) == {}


@pytest.mark.parametrize("shell", ["bash", "tcsh", "fish"])
def test_a_restore_that_does_nothing_is_found(shell: str, tmp_path: Path) -> None:
    """The comparison itself, proven: with the restoring taken out the variables differ."""
    prefix = bare_prefix(tmp_path / "env")
    program = prefix / "etc/pybuild/environment.bash"
    program.write_text(program.read_text().replace('__pb_back "$1" ', ': "$1" '))
    lines = ["LOOK", activate(shell, prefix), OFF, "LOOK"]
    (before, after), _ = moments(shell, lines, tmp_path, start={**BEFORE, "HDF5_DIR": "/x"})
    assert {"TOY_OLD", "TOY_GONE", "PATH", "CONDA_PREFIX"} <= different(before, after).keys()


@pytest.mark.parametrize("shell", SHELLS)
@given(values=st.lists(st.none() | VALUES, min_size=6, max_size=6))
@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_value_comes_back(shell: str, values: list[str | None], tmp_path: Path) -> None:
    """Quotes, line breaks, patterns, unicode; empty is not unset."""
    kinds: tuple[EditKind, ...] = ("set", "prepend", "unset")
    edits = [Edit(kind=kinds[n % 3], name=f"V{n}_PATH", value="x y") for n in range(6)]
    prefix = bare_prefix(tmp_path / "env", *edits)
    if shell == "tcsh":  # it cannot put anything in front of a value with a line break
        values = [
            value and value.replace("\n", "") if n % 3 == 1 else value for n, value in enumerate(values)
        ]
    start = {f"V{n}_PATH": value for n, value in enumerate(values) if value is not None}
    lines = ["LOOK", activate(shell, prefix), "LOOK", OFF, "LOOK"]
    (before, during, after), ended = moments(shell, lines, tmp_path, start=start)
    assert ended.code == 0, ended.err
    assert [during.get(f"V{n}_PATH") for n in (0, 2)] == ["x y", None]
    assert during["V1_PATH"] == "x y" + (f":{values[1]}" if values[1] else "")
    assert different(before, after) == {}


def test_bash_has_nothing_new_at_all(tmp_path: Path) -> None:
    """Not only the environment: variables with their attributes, functions, aliases, options."""
    prefix = bare_prefix(tmp_path / "env")
    look = "{ declare -p; declare -f; alias; set +o; shopt; trap; } > %s"
    script = tmp_path / "script"
    a, b = tmp_path / "a", tmp_path / "b"
    mine = "TOY_OLD=$'not\\nexported'; export TOY_EMPTY=; alias ls='ls -l'; set +o braceexpand"
    lines = [mine, look % a, activate("bash", prefix), OFF, look % b, ""]
    script.write_text("\n".join(lines))
    ended = capture(("bash", "--norc", str(script)), env={**CLEAN, "HDF5_DIR": "/x"}, cwd="/")
    assert ended.code == 0, ended.err
    changing = (
        "BASH_LINENO",
        "LINENO",
        "RANDOM",
        "SRANDOM",
        "EPOCH",
        "SECONDS",
        "BASH_COMMAND",
        "_=",
        "BASHPID",
        "BASH_ARG",
    )
    first, second = (file.read_text().splitlines() for file in (a, b))
    assert [x for x in first if not any(c in x for c in changing)] == [
        x for x in second if not any(c in x for c in changing)
    ]


@pytest.mark.parametrize("shell", ["bash", "zsh", "sh", "fish"])
def test_what_was_not_exported_is_not_exported_again(shell: str, tmp_path: Path) -> None:
    """It has its value again, and children do not see it."""
    prefix = bare_prefix(tmp_path / "env", Edit(kind="set", name="TOY", value="ours"))
    mine = "set -g TOY 'a  b' c" if shell == "fish" else "TOY='a  b'"
    show = 'echo "<$TOY>" (count $TOY)' if shell == "fish" else 'echo "<$TOY>"'
    lines = [mine, activate(shell, prefix), "LOOK", show, OFF, "LOOK", show]
    (during, after), ended = moments(shell, lines, tmp_path)
    assert (during["TOY"], after.get("TOY")) == ("ours", None)
    assert ended.out.splitlines()[-1] == ("<a  b c> 2" if shell == "fish" else "<a  b>")


def test_a_universal_variable_of_fish_is_only_hidden(tmp_path: Path) -> None:
    """It belongs to every shell of the user."""
    gone, changed = Edit(kind="unset", name="UGONE"), Edit(kind="set", name="USET", value="x")
    prefix = bare_prefix(tmp_path / "env", gone, changed)
    home = tmp_path / "home"
    home.mkdir()
    start = {"HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    look = [f"env -0 > {home}/{n}" for n in range(3)]
    lines = ["set -Ux UGONE a", "set -Ux USET b", look[0], activate("fish", prefix), look[1], OFF, look[2]]
    lines += ["set -qU UGONE; and set -qU USET; and not set -qg USET; and echo universal"]
    (home / "script").write_text("\n".join([*lines, ""]))
    ended = capture(("fish", str(home / "script")), env={**CLEAN, **start}, cwd="/")
    texts = [(home / str(n)).read_text().split("\0") for n in range(3)]
    before, during, after = ({v for v in text if v.startswith(("UGONE", "USET"))} for text in texts)
    assert (before, during) == ({"UGONE=a", "USET=b"}, {"UGONE=", "USET=x"})
    assert after == before
    assert ended.out == "universal\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_twice_is_once(cray: Machine, shell: str, tmp_path: Path) -> None:
    """Sourced again, also by a child of the shell: one deactivation takes all of it back."""
    prefix = cray_prefix(cray, tmp_path / "env")
    on = activate(shell, prefix)
    lines = ["module load PrgEnv-intel", "LOOK", on, "LOOK", on, "LOOK", OFF, "LOOK"]
    (before, once, twice, after), ended = moments(shell, lines, tmp_path, start=BEFORE, cray=cray)
    assert ended.code == 0, ended.err
    assert different(once, twice) == {}
    assert different(before, after) == {}


@pytest.mark.parametrize("shell", SHELLS)
def test_two_prefixes_lie_upon_each_other(shell: str, tmp_path: Path) -> None:
    """The second is first in PATH; deactivating goes back one at a time."""
    one = bare_prefix(tmp_path / "one", Edit(kind="set", name="TOY", value="1"))
    two = bare_prefix(tmp_path / "two", Edit(kind="set", name="TOY", value="2"))
    lines = ["LOOK", activate(shell, one), "LOOK", activate(shell, two), "LOOK", OFF, "LOOK", OFF, "LOOK"]
    (before, first, both, again, after), ended = moments(shell, lines, tmp_path)
    assert ended.code == 0, ended.err
    assert both["PATH"].split(":")[:2] == [f"{two}/bin", f"{one}/bin"]
    assert (first["TOY"], both["TOY"]) == ("1", "2")
    assert f"{one} is active (CONDA_PREFIX); {two} comes before it" in ended.err
    assert different(first, again) == {}
    assert different(before, after) == {}
    assert not [name for name in after if OURS.fullmatch(name)]


@pytest.mark.parametrize("shell", SHELLS)
def test_nothing_to_deactivate_is_said(shell: str, tmp_path: Path) -> None:
    """The function is gone with the last environment; a program that is gone is said as well."""
    prefix = bare_prefix(tmp_path / "env", Edit(kind="set", name="TOY", value="1"))
    (prefix / "etc/pybuild/environment.bash").unlink()
    status = "echo status=$status" if shell in ("tcsh", "fish") else "echo status=$?"
    _, ended = moments(shell, [activate(shell, prefix), status], tmp_path)
    assert "status=1" in ended.out
    assert "environment.bash is gone; there is nothing to activate" in ended.out + ended.err


@pytest.mark.parametrize("shell", SHELLS)
def test_a_prefix_that_goes_away_under_a_shell_is_said(shell: str, tmp_path: Path) -> None:
    """A release that somebody removed by hand; the shell goes on."""
    prefix = bare_prefix(tmp_path / "env", Edit(kind="set", name="TOY", value="1"))
    status = "echo status=$status" if shell in ("tcsh", "fish") else "echo status=$?"
    _, ended = moments(shell, [activate(shell, prefix), f"rm -r {prefix}", OFF, status], tmp_path)
    assert "status=1" in ended.out
    assert "environment.bash is gone; start a new shell" in ended.err


STRICT = {
    "bash": "set -euo pipefail",
    "sh": "set -eu",
    "zsh": "setopt ERR_EXIT NO_UNSET KSH_ARRAYS RC_QUOTES NOMATCH GLOB_SUBST SH_WORD_SPLIT GLOB_ASSIGN",
}


@pytest.mark.parametrize("shell", STRICT)
def test_strict_shells_get_through(cray: Machine, shell: str, tmp_path: Path) -> None:
    """Whatever options the user has, with module operations, and back."""
    prefix = cray_prefix(cray, tmp_path / "it's a $prefix")
    lines = ["module load PrgEnv-intel", STRICT[shell], "LOOK", activate(shell, prefix), "LOOK", OFF, "LOOK"]
    (before, during, after), ended = moments(shell, lines, tmp_path, start=BEFORE, cray=cray)
    assert ended.code == 0, ended.err
    assert during["TOY_NASTY"] == NASTY
    assert different(before, after) == {}


@pytest.mark.parametrize("shell", SHELLS)
def test_what_the_user_did_meanwhile_stays(shell: str, tmp_path: Path) -> None:
    """Folders that were added to PATH stay where they were added, a variable of the user's own as well."""
    prefix = bare_prefix(tmp_path / "env", Edit(kind="prepend", name="PATH", value="/rule"))
    change = {
        "tcsh": ['setenv PATH "/front:${PATH}:/end"', "setenv MINE yes"],
        "fish": ["set -gx PATH /front $PATH /end", "set -gx MINE yes"],
    }.get(shell, ["export PATH=/front:$PATH:/end", "export MINE=yes"])
    lines = ["LOOK", activate(shell, prefix), *change, OFF, "LOOK"]
    (before, after), ended = moments(shell, lines, tmp_path)
    assert ended.code == 0, ended.err
    path = before["PATH"]
    assert different(before, after) == {"MINE": (None, "yes"), "PATH": (path, f"/front:{path}:/end")}


@pytest.mark.parametrize("shell", SHELLS)
def test_modules_that_the_user_loaded_meanwhile_stay(cray: Machine, shell: str, tmp_path: Path) -> None:
    """Then the tool takes back what was done to modules, and it is said what that means."""
    prefix = cray_prefix(cray, tmp_path / "env")
    cray.bench.write("later/1", "setenv LATER yes", "prepend-path PATH /later/bin")
    start = ["module load PrgEnv-intel", "module load darshan"]
    lines = [*start, "LOOK", activate(shell, prefix), "module load later", OFF, "LOOK"]
    (before, after), ended = moments(shell, lines, tmp_path, start=BEFORE, cray=cray)
    assert "modules were loaded or unloaded since" in ended.err
    assert loaded(after) == {*loaded(before), "later"}
    assert after["PE_ENV"] == "INTEL"
    assert after["LATER"] == "yes"
    assert {name: after[name] for name in BEFORE} == BEFORE
    assert sorted(after["PATH"].split(":")) == sorted([*before["PATH"].split(":"), "/later/bin"])


@pytest.mark.parametrize("shell", SHELLS)
def test_a_child_of_the_shell_may_deactivate(shell: str, tmp_path: Path) -> None:
    """What is remembered is in the environment."""
    prefix = bare_prefix(tmp_path / "env")
    again = f". {prefix}/etc/pybuild/activate.sh; pybuild_deactivate; env -0 > {tmp_path}/child"
    lines = ["LOOK", activate(shell, prefix), f"bash --norc -c '{again}'", "LOOK"]
    (before, _), ended = moments(shell, lines, tmp_path, start={**BEFORE, "HDF5_DIR": "/x"})
    assert ended.code == 0, ended.err
    pairs = (item.partition("=") for item in (tmp_path / "child").read_text().split("\0") if item)
    found = {n: v for n, _, v in pairs if n not in ("_", "SHLVL", "PWD", "OLDPWD")}
    assert different(before, found) == {}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_foreign_environment_stands_aside(shell: str, tmp_path: Path) -> None:
    """A venv and a conda environment that are active: said, ours first, both back afterwards."""
    prefix = bare_prefix(tmp_path / "env", Edit(kind="set", name="TOY", value="1"))
    start = {"CONDA_PREFIX": "/opt/conda", "CONDA_SHLVL": "1", "VIRTUAL_ENV": "/home/a/v", "PYTHONHOME": "/x"}
    start["PATH"] = f"/home/a/v/bin:/opt/conda/bin:{CLEAN['PATH']}"
    lines = ["LOOK", activate(shell, prefix), "LOOK", OFF, "LOOK"]
    (before, during, after), ended = moments(shell, lines, tmp_path, start=start)
    assert f"pybuild: /opt/conda is active (CONDA_PREFIX); {prefix} comes before it" in ended.err
    assert f"pybuild: /home/a/v is active (VIRTUAL_ENV); {prefix} comes before it" in ended.err
    assert during["PATH"] == f"{prefix}/bin:{start['PATH']}"
    assert not {"VIRTUAL_ENV", "PYTHONHOME"} & during.keys()
    assert during["CONDA_PREFIX"] == str(prefix)
    assert different(before, after) == {}


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts_of_other_packages_act_in_every_shell(shell: str, tmp_path: Path) -> None:
    """As after ``conda activate``; csh and fish get what scripts for bash do."""
    prefix = bare_prefix(tmp_path / "env", Edit(kind="set", name="TOY", value="1"))
    (prefix / "etc/conda/activate.d/gdal.sh").write_text(
        'echo noise; export GDAL_DATA="$CONDA_PREFIX/share"\n'
    )
    lines = ["LOOK", activate(shell, prefix), "LOOK", OFF, "LOOK"]
    (before, during, after), ended = moments(shell, lines, tmp_path)
    assert (ended.out, during["GDAL_DATA"]) == ("", f"{prefix}/share")
    assert different(before, after) == {}


@pytest.mark.parametrize("shell", SHELLS)
def test_what_did_not_happen_is_said(cray: Machine, shell: str, tmp_path: Path) -> None:
    """The last command fails, where it can be asked for."""
    from pybuild.plan.running import merged
    from tests.activation.parts import installed, package
    from tests.activation.shells import written
    from tests.modules.tools import step

    plan = cray.bench.plan(step("load", "no-such-module"), forbidden=(("dar*", "rule x: it's bad"),), init=())
    prefix = tmp_path / "env"
    written(prefix, merged(str(prefix), [installed(package(plan))], conda=False))
    status = "echo status=$status" if shell in ("tcsh", "fish") else "echo status=$?"
    lines = ["module load darshan", activate(shell, prefix), status]
    _, ended = moments(shell, lines, tmp_path, cray=cray)
    assert "status=1" in ended.out
    assert "pybuild: no-such-module is not loaded (site toy: rule r: because)" in ended.err
    assert "pybuild: dar* must not be loaded (rule x: it's bad) (loaded: darshan/3)" in ended.err


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_without_a_module_command_gets_the_modules(cray: Machine, shell: str, tmp_path: Path) -> None:
    """As in a batch job that is no login shell: the site's init is read by a child, in any shell."""
    prefix = cray_prefix(cray, tmp_path / "env")
    lines = ["LOOK", activate(shell, prefix), "LOOK", OFF, "LOOK"]
    (before, during, after), ended = moments(shell, lines, tmp_path, start=BEFORE)
    assert "pybuild:" not in ended.err
    assert loaded(during) == {"PrgEnv-gnu", "cray-hdf5", "xalt"}
    assert different(before, after) == {}


@pytest.mark.parametrize("shell", SHELLS)
def test_the_tools_of_older_machines_serve_as_well(shell: str, tmp_path: Path) -> None:
    """As Environment Modules 3.2 do: no exit codes, noise on standard output, no swap that undoes itself."""
    from pybuild.plan.running import merged
    from tests.activation.parts import edits, installed, package, steps
    from tests.activation.shells import written
    from tests.modules.tools import Bench, old

    bench = Bench(old(tmp_path), tmp_path)
    bench.write(
        "PrgEnv-intel/6.0.5", "conflict PrgEnv-gnu", "setenv PE_ENV INTEL", "prepend-path PATH /intel"
    )
    bench.write("PrgEnv-gnu/6.0.5", "conflict PrgEnv-intel", "setenv PE_ENV GNU", "prepend-path PATH /gnu")
    bench.write("cray-hdf5/1.10.2.0", "setenv HDF5_DIR /opt/hdf5")
    bench.write("xalt/2", "setenv XALT yes")
    plan = bench.plan(*steps(), baseline=("PrgEnv-intel",))
    prefix = tmp_path / "env"
    written(prefix, merged(str(prefix), [installed(package(plan, *edits()))], conda=False))
    lines = ["LOOK", activate(shell, prefix), "LOOK", OFF, "LOOK"]
    (before, during, after), ended = moments(shell, lines, tmp_path, start=BEFORE)
    assert (ended.code, ended.out) == (0, ""), ended.err
    assert loaded(during) == {"PrgEnv-gnu", "cray-hdf5", "xalt"}
    assert (during["PE_ENV"], during["TOY_NASTY"]) == ("GNU", NASTY)
    assert different(before, after) == {}
