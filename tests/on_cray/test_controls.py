"""What the rules of Cori prevent happens without them, and is refused by name."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end import toys
from tests.on_cray.cray import Cray, Outcome

CORE = toys.sdist("toyext", "1.0")
STATIC = toys.sdist(
    "toystatic",
    "1.0",
    {
        "core.c": "int MPI_Init(int *a, char ***b) { return 0; }\n"
        "#include <Python.h>\n"
        'static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_core", 0, -1, 0};\n'
        "PyMODINIT_FUNC PyInit__core(void) { MPI_Init(0, 0); return PyModule_Create(&module); }\n"
    },
)


@pytest.fixture(scope="module")
def toy(shell: Cray) -> Callable[..., Outcome]:
    """Return a function that installs a toy extension, which links the machine's MPI, with a changed site."""
    links = shell.root / "links"
    links.mkdir()
    for file in (CORE, STATIC):
        (links / file.name).write_bytes(file.body)
        name = file.name.split("-", maxsplit=1)[0]
        folder = shell.root / "recipes" / name
        folder.mkdir(parents=True)
        (folder / "recipe.yaml").write_text(toys.extension_recipe(file))
        (folder / "ranks.py").write_text(toys.RANKS.replace("NAME", name))

    def install(
        change: Callable[[dict[str, Any]], None] | None = None, *specs: str, prefix: str = "toy"
    ) -> Outcome:
        sites = shell.changed_site(f"sites-{os.urandom(4).hex()}", change) if change else None
        more = ["--recipes", str(shell.root / "recipes")]
        found = " ".join(part for part in (str(links), shell.environ.get("PIP_FIND_LINKS")) if part)
        return shell.install(
            *(specs or ("toyext",)), *more, prefix=prefix, sites=sites, environ={"PIP_FIND_LINKS": found}
        )

    return install


def without(rule: str) -> Callable[[dict[str, Any]], None]:
    """Return a change that takes a rule out of a site."""

    def change(data: dict[str, Any]) -> None:
        kept = [one for one in data["rules"] if one["name"] != rule]
        assert len(kept) == len(data["rules"]) - 1
        data["rules"] = kept

    return change


def test_with_the_rules_it_is_installed(toy: Callable[..., Outcome]) -> None:
    """The control of the controls: nothing else is wrong with the toy."""
    assert "verified: imported" in toy().done().err


@pytest.mark.parametrize(
    ("rule", "library"), [("no-hugepages", "libhugetlbfs"), ("no-tracking", "libdarshan")]
)
def test_without_the_rule_the_library_is_linked_and_refused(
    toy: Callable[..., Outcome], shell: Cray, rule: str, library: str
) -> None:
    """Refused at linked: the library's name, and the rule that would have kept it out."""
    outcome = toy(without(rule), prefix=f"no-{rule}")
    assert outcome.code == 11, outcome.err
    assert f"needs {library}" in outcome.err
    assert f"rule {rule} of site cori keeps it out" in outcome.err
    assert not (shell.root / f"no-{rule}").exists()


def test_an_mpi_inside_the_extension_is_refused(toy: Callable[..., Outcome]) -> None:
    """As a static library leaves it: two copies of MPI would live in one process."""
    outcome = toy(None, "toystatic", prefix="static")
    assert outcome.code == 11, outcome.err
    assert "contains MPI_Init itself, so it is linked statically" in outcome.err


def test_two_mpis_do_not_meet_in_one_prefix(toy: Callable[..., Outcome], shell: Cray) -> None:
    """A second package that would bring an MPI of its own is refused before anything is built."""
    toy().done()

    def other_mpi(data: dict[str, Any]) -> None:
        data["virtuals"]["mpi"] = [{"name": "mpich", "where": "recipe", "recipe": "mpich"}]

    outcome = toy(other_mpi, "toystatic")
    assert outcome.code == 4, outcome.err
    assert "two providers of 'mpi' would meet in one prefix" in outcome.err


def test_a_forbidden_module_beats_a_recipe(toy: Callable[..., Outcome], shell: Cray) -> None:
    """A recipe may ask for modules of its own, but not for what a rule of the site forbids."""
    toy().done()
    file = shell.root / "recipes/toystatic/recipe.yaml"
    before = file.read_text()
    own = "modules:\n  - operations: [{load: craype-hugepages8M}]\n    reason: it is said to be faster\n"
    file.write_text(before + own)
    try:
        outcome = toy(None, "toystatic", prefix="forbidden")
    finally:
        file.write_text(before)
    assert outcome.code == 4, outcome.err
    assert "loads craype-hugepages8M, which rule no-hugepages of site cori" in outcome.err


def test_the_indexs_own_build_is_refused(cray: Cray) -> None:
    """Somebody puts the wheel of the index in place of ours: verify names it, and ours can come back."""
    cray.install("mpi4py", prefix="spoiled").done()
    python = cray.root / "spoiled/bin/python"
    environ = {name: value for name, value in cray.environ.items() if name != "LD_PRELOAD"}
    argv = [str(python), "-m", "pip", "install", "-q", "--force-reinstall", "--no-deps"]
    subprocess.run([*argv, "--only-binary=:all:", "mpi4py"], env=environ, check=True, capture_output=True)
    outcome = cray.run("verify", "mpi4py", "-p", str(cray.root / "spoiled"), *cray.places())
    assert outcome.code == 11, outcome.err
    assert "this is the index's wheel, not a build" in outcome.err


def test_nothing_was_left_behind(shell: Cray) -> None:
    """No refused build left a package in the channel."""
    packages = {path.name.split("-")[0] for path in Path(shell.root, "channel").glob("*/*.conda")}
    assert "toystatic" not in packages
