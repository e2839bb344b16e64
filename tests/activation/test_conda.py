"""Activated by conda: its commands in the order in which it gives them, around the scripts of a prefix.

Conda cannot be had from a package index, so what ``conda activate`` and ``conda deactivate`` evaluate is
written out here as its ``conda/activate.py`` yields it (26.7: PATH first, then scripts of deactivation, then
variables, then scripts of activation). ``PYBUILD_TEST_CONDA`` may name a ``conda``.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pybuild.model.plan import Edit
from tests.activation.parts import BEFORE, NASTY, Machine, loaded
from tests.activation.shells import (
    OURS,
    SHELLS,
    activate,
    bare_prefix,
    cray_prefix,
    different,
    moments,
    source,
    word,
)

ON, OFF = "etc/conda/activate.d/pybuild", "etc/conda/deactivate.d/pybuild"


def put(shell: str, name: str, value: str) -> str:
    return {
        "tcsh": f"setenv {name} {word(shell, value)}",
        "fish": f"set -gx {name} {word(shell, value)}",
    }.get(shell, f"export {name}={word(shell, value)}")


def drop(shell: str, name: str) -> str:
    return {"tcsh": f"unsetenv {name}", "fish": f"set -e {name}"}.get(shell, f"unset {name}")


def path_with(shell: str, prefix: Path) -> str:
    return {
        "tcsh": f'setenv PATH {word(shell, f"{prefix}/bin")}":$PATH"',
        "fish": f"set -gx PATH {word(shell, f'{prefix}/bin')} $PATH",
    }.get(shell, f'export PATH={word(shell, f"{prefix}/bin")}":$PATH"')


def path_without(shell: str, prefix: Path) -> str:
    """Conda takes its own folder out of whatever PATH is, before any script runs."""
    cut = f'printenv PATH | sed "s@{prefix}/bin:@@"'
    return {
        "tcsh": f"setenv PATH `{cut}`",
        "fish": f"set -gx PATH (string split : ({cut}))",
    }.get(shell, f'export PATH="$({cut})"')


def conda_activate(shell: str, prefix: Path, level: int = 1) -> list[str]:
    """Return what ``conda activate PREFIX`` evaluates."""
    lines = [path_with(shell, prefix), put(shell, "CONDA_PREFIX", str(prefix))]
    return [*lines, put(shell, "CONDA_SHLVL", str(level)), source(shell, prefix / ON)]


def conda_deactivate(shell: str, prefix: Path, back: Path | None = None, level: int = 0) -> list[str]:
    """Return what ``conda deactivate`` evaluates; with ``back``, to the prefix that was active below."""
    lines = [path_without(shell, prefix), source(shell, prefix / OFF)]
    if back is None:
        return [*lines, drop(shell, "CONDA_PREFIX"), put(shell, "CONDA_SHLVL", "0")]
    lines += [put(shell, "CONDA_PREFIX", str(back)), put(shell, "CONDA_SHLVL", str(level))]
    return [*lines, source(shell, back / ON)]


@pytest.mark.parametrize("shell", SHELLS)
def test_conda_activate_applies_the_rules_and_takes_them_back(
    cray: Machine, shell: str, tmp_path: Path
) -> None:
    """Modules and variables; PATH and CONDA_PREFIX stay conda's, and it may take them back in its order."""
    prefix = cray_prefix(cray, tmp_path / "env")
    begin = ["module load PrgEnv-intel", "module load darshan", put(shell, "CONDA_SHLVL", "0"), "LOOK"]
    lines = [*begin, *conda_activate(shell, prefix), "LOOK", *conda_deactivate(shell, prefix), "LOOK"]
    (before, during, after), ended = moments(shell, lines, tmp_path, start=BEFORE, cray=cray)
    assert ended.code == 0, ended.err
    assert "pybuild" not in ended.err
    assert loaded(during) == {"PrgEnv-gnu", "cray-hdf5", "xalt"}
    assert during["TOY_NASTY"] == NASTY
    assert during["PATH"].split(":")[:2] == ["/opt/gnu/bin", f"{prefix}/bin"]
    assert different(before, after) == {}


@pytest.mark.parametrize("shell", SHELLS)
def test_stacked_environments(shell: str, tmp_path: Path) -> None:
    """``--stack`` runs no deactivation below, and runs the activation there again on the way back."""
    one = bare_prefix(tmp_path / "one", Edit(kind="set", name="TOY", value="1"))
    two = bare_prefix(tmp_path / "two", Edit(kind="set", name="TOY", value="2"))
    lines = [put(shell, "CONDA_SHLVL", "0"), "LOOK", *conda_activate(shell, one), "LOOK"]
    lines += [*conda_activate(shell, two, 2), "LOOK", *conda_deactivate(shell, two, one, 1), "LOOK"]
    lines += [*conda_deactivate(shell, one), "LOOK"]
    (before, first, both, again, after), ended = moments(shell, lines, tmp_path)
    assert ended.code == 0, ended.err
    assert (first["TOY"], both["TOY"], again["TOY"]) == ("1", "2", "1")
    assert different(first, again) == {}
    assert different(before, after) == {}


@pytest.mark.parametrize("shell", SHELLS)
def test_conda_deactivates_below_an_own_activation(shell: str, tmp_path: Path) -> None:
    """Both ways of activation lie upon each other; conda's deactivation takes what lies upon its own."""
    prefix = bare_prefix(tmp_path / "env", Edit(kind="set", name="TOY", value="1"))
    lines = [put(shell, "CONDA_SHLVL", "0"), "LOOK", *conda_activate(shell, prefix)]
    lines += [activate(shell, prefix), "LOOK", *conda_deactivate(shell, prefix), "LOOK"]
    (before, _, after), ended = moments(shell, lines, tmp_path)
    assert ended.code == 0, ended.err
    assert after["PATH"].replace(f"{prefix}/bin:", "") == before["PATH"]
    assert different(before, after).keys() <= {"PATH"}
    assert not [name for name in after if OURS.fullmatch(name)]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_program_that_is_gone_does_not_disturb_conda(shell: str, tmp_path: Path) -> None:
    """Nothing is said and nothing fails: the environment may still be used."""
    prefix = bare_prefix(tmp_path / "env")
    (prefix / "etc/pybuild/environment.bash").unlink()
    lines = [put(shell, "CONDA_SHLVL", "0"), "LOOK"]
    lines += [*conda_activate(shell, prefix), *conda_deactivate(shell, prefix), "LOOK"]
    (before, after), ended = moments(shell, lines, tmp_path)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert different(before, after) == {}


if "PYBUILD_TEST_CONDA" in os.environ:  # no registry has conda, so most machines cannot run this

    @pytest.mark.parametrize("shell", SHELLS)
    def test_the_real_conda(shell: str, tmp_path: Path) -> None:
        """``conda shell.SHELL activate`` and ``deactivate``, evaluated as conda's own function does.

        conda leaves variables of its own behind; it must leave the same with our scripts as without.
        """
        with_scripts, without = bare_prefix(tmp_path / "env"), tmp_path / "bare"
        conda = os.environ["PYBUILD_TEST_CONDA"]
        words = f"{conda} shell.{shell if shell in ('fish', 'tcsh') else 'posix'} %s"
        evaluate = {"fish": f"eval ({words} | string collect)", "tcsh": f'eval "`{words}`"'}.get(
            shell, f'eval "$({words})"'
        )
        start = {**BEFORE, "HDF5_DIR": "/x", "CONDA_SHLVL": "0", "CONDA_CHANGEPS1": "false"}
        left = []
        for prefix in (with_scripts, without):
            (prefix / "conda-meta").mkdir(parents=True)
            (prefix / "conda-meta/history").touch()
            lines = [evaluate % f"activate {prefix}", "LOOK", evaluate % "deactivate", "LOOK"]
            (during, after), ended = moments(shell, lines, tmp_path, start=start)
            assert ended.code == 0, ended.err
            assert during["CONDA_PREFIX"] == str(prefix)
            assert during.get("TOY_NASTY") == (NASTY if prefix == with_scripts else None)
            left.append(after)
        assert different(*left) == {}
