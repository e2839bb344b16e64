"""``recipe new``: what is drafted from an index, and that it is a recipe as it stands."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from pybuild.load.lint import lint_recipe
from pybuild.load.recipes import load_recipe
from pybuild.verify.harness import harness_of
from tests.authoring.archives import ranky, sdist, wheel
from tests.authoring.conftest import Run
from tests.servers import Listed, Server


@pytest.fixture
def recipes(tmp_path: Path, index: Server) -> str:
    """An index with a user of MPI, a wheel for every machine, one for each, and what they need."""
    files = [Listed(f"ranky-{v}.tar.gz", ranky(v), requires_python=">=3.8") for v in ("1.0", "1.1", "2.0rc1")]
    files += [Listed("ranky-0.9.zip", b"?"), Listed("ranky-1.2.tar.gz", b"?", yanked=True)]
    index.index("ranky", files)
    pure = wheel("pure_thing", "3.0", {"pure_thing/__init__.py": ""}, ("needed>=1,<2", "gone"))
    index.index("pure-thing", [Listed("pure_thing-3.0-py3-none-any.whl", pure, requires_python=">=3.9")])
    new, old = (wheel("needed", v, {"needed.py": "import mpi4py\n"}) for v in ("2.0", "1.5"))
    index.index(
        "needed", [Listed("needed-2.0-py3-none-any.whl", new), Listed("needed-1.5-py3-none-any.whl", old)]
    )
    tags = ("cp311-cp311", "cp312-cp312", "cp313-cp313t")
    machines = (
        "manylinux_2_28_x86_64",
        "manylinux_2_17_x86_64",
        "manylinux_2_34_x86_64",
        "manylinux2014_aarch64",
        "win_amd64",
    )
    body = wheel("fast", "1.0", {"fast/__init__.py": "", "fast/core.abi3.so": ""})
    index.index(
        "fast", [Listed(f"fast-1.0-{tag}-{m}.whl", body + m.encode()) for tag in tags for m in machines]
    )
    return str(tmp_path / "recipes")


def test_a_compiled_module_is_imported(run: Run, recipes: str, index: Server) -> None:
    """Many packages go on without their C part; and what no version of a recipe meets is told."""
    files = {
        "PKG-INFO": "Metadata-Version: 2.2\nName: cpart\nVersion: 1.0\nRequires-Dist: numpy>=1,<1.1\n",
        "setup.py": 'from setuptools import *\nsetup(ext_modules=[Extension("cpart._speed", ["a.c"])])\n',
        "cpart/__init__.py": "",
        "a.c": "",
    }
    index.index("cpart", [Listed("cpart-1.0.tar.gz", sdist("cpart-1.0", files))])
    code, _, err = run("new", "cpart", "--recipes", recipes)
    recipe = load_recipe(f"{recipes}/cpart/recipe.yaml")
    assert code == 0
    assert lint_recipe(recipe) == ()
    assert [test.imports for test in recipe.tests] == [("cpart",), ("cpart._speed",)]
    assert "it needs numpy <1.1,>=1, and the recipe of numpy has no such version" in err


def test_a_user_of_mpi(run: Run, recipes: str) -> None:
    """Releases, requirements, virtuals with what was seen, a links check and ranks: valid as it stands."""
    code, out, err = run("new", "Ranky", "--recipes", recipes)
    assert (code, out) == (0, f"{recipes}/ranky/recipe.yaml\n")
    assert "ranky: 6 comments tell of guesses" in err
    recipe = load_recipe(f"{recipes}/ranky/recipe.yaml")
    assert lint_recipe(recipe) == ()
    assert [(r.version, r.python) for r in recipe.releases[:2]] == [("1.1", ">=3.8"), ("1.0", ">=3.8")]
    assert recipe.releases[0].sha256 == hashlib.sha256(ranky("1.1")).hexdigest()
    assert [r.file for r in recipe.releases] == ["", "", "ranky-0.9.zip"]
    assert recipe.requirements.virtual == ("compiler", "mpi", "hdf5[mpi]")
    assert recipe.requirements.build == ("setuptools >=61", "cython >=3")
    assert recipe.requirements.run == ("numpy >=1.20", "mpi4py")
    [override] = recipe.overrides
    assert override.when.python == "<3.11"
    assert dict(override.requirements or ())["run"] == ("numpy >=1.20", "tomli >=2", "mpi4py")
    assert dict(recipe.build.env) == {"CC": "${{ mpi.cc }}", "HDF5_DIR": "${{ hdf5.root }}"}
    assert (recipe.about.summary, recipe.about.license) == ("Ranks, and what is in them", "BSD-3-Clause")
    assert [(t.module, t.to) for t in recipe.tests if t.module] == [
        ("ranky.core", "mpi"),
        ("ranky.core", "hdf5"),
    ]
    assert [(t.ranks, t.python) for t in recipe.tests if t.ranks] == [(2, "ranks_agree.py")]
    assert recipe.unproven
    for seen in ("from mpi4py cimport in ranky/core.pyx", "H5Pset_fapl_mpio in ranky/h5.c", "RANKY_FAST"):
        assert seen in recipe.text
    assert "petsc" not in recipe.text  # only the tests speak of it


def test_the_drafted_script_can_fail(run: Run, recipes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ranks script is Python, and raises where the ranks do not add up."""
    run("new", "ranky", "--recipes", recipes)
    script = Path(recipes, "ranky", "ranks_agree.py").read_text()
    assert "import ranky" in script
    for name, text in harness_of([script]).items():
        Path(recipes, "ranky", name).write_text(text)
    monkeypatch.syspath_prepend(f"{recipes}/ranky")
    space: dict[str, object] = {"__name__": "draft"}
    exec(compile(script.replace("import ranky", "pass"), "ranks_agree.py", "exec"), space)  # noqa: S102

    class Wrong:
        def Get_size(self) -> int:  # noqa: N802
            return 2

        def Get_rank(self) -> int:  # noqa: N802
            return 0

        def allreduce(self, value: int) -> int:
            return value

    with pytest.raises(RuntimeError, match="add up to 0"):
        space["use"](Wrong())  # type: ignore[operator]


def test_a_pure_package_becomes_a_wheel(run: Run, recipes: str) -> None:
    """A wheel for every machine is taken as it is; --source and --versions decide otherwise."""
    code, _, err = run("new", "pure-thing", "--recipes", recipes)
    recipe = load_recipe(f"{recipes}/pure-thing/recipe.yaml")
    assert (code, lint_recipe(recipe)) == (0, ())
    assert recipe.build.system == "wheel"
    assert [name for name, _ in recipe.releases[0].wheels] == ["pure_thing-3.0-py3-none-any.whl"]
    assert recipe.requirements.run == ("needed >=1,<2", "gone")
    assert recipe.tests[0].imports == ("pure_thing",)
    assert "gone, needed" in err
    code, _, err = run("new", "pure-thing", "--source", "--recipes", f"{recipes}2")
    assert code == 6
    assert "no source archive on the index, it has wheels alone" in err


def test_needs_are_drafted_too(run: Run, recipes: str) -> None:
    """With --needs: every requirement without a recipe, in a version that fits; what nobody has is told."""
    code, out, err = run("new", "pure-thing", "--needs", "--recipes", recipes)
    assert code == 6
    assert out.splitlines() == [f"{recipes}/{name}/recipe.yaml" for name in ("pure-thing", "needed")]
    needed = load_recipe(f"{recipes}/needed/recipe.yaml")
    assert [release.version for release in needed.releases] == ["1.5"]
    assert "project gone was not found" in err
    # It imports mpi4py without listing it; there is a recipe for that already.
    assert needed.requirements.run == ("mpi4py",)
    assert lint_recipe(needed) == ()


def test_compiled_wheels(run: Run, recipes: str) -> None:
    """--wheel takes for each Python and machine the wheel that asks least of it, and no odd Python's."""
    code, _, _ = run("new", "fast", "--wheel", "--recipes", recipes)
    recipe = load_recipe(f"{recipes}/fast/recipe.yaml")
    assert (code, lint_recipe(recipe)) == (0, ())
    assert [name for name, _ in recipe.releases[0].wheels] == [
        f"fast-1.0-{tag}-{machine}.whl"
        for tag in ("cp311-cp311", "cp312-cp312")
        for machine in ("manylinux2014_aarch64", "manylinux_2_17_x86_64")
    ]


def test_nothing_is_overwritten(run: Run, recipes: str) -> None:
    """A recipe that is there stays, byte for byte, and the error says what to do instead."""
    run("new", "ranky", "--recipes", recipes)
    file = Path(recipes, "ranky", "recipe.yaml")
    file.write_text("mine\n")
    code, _, err = run("new", "ranky", "--recipes", recipes)
    assert (code, file.read_text()) == (2, "mine\n")
    assert f"is not overwritten\nhint: pybuild recipe checksum --recipes {recipes} ranky --new" in err


@pytest.mark.parametrize(
    ("what", "code", "said"),
    [
        ("nobody", 6, "project nobody was not found"),
        ("ranky>=1", 2, "expected the name alone"),
        ("two words", 2, "neither the name of a project nor an https address"),
        ("https://example.org/page.html", 2, "is not the address of an archive"),
        ("https://example.org/newest.tar.gz", 2, "no version can be told from newest.tar.gz"),
        ("http://example.org/a-1.0.tar.gz", 6, "which is not https"),
    ],
)
def test_bad_input(run: Run, recipes: str, what: str, code: int, said: str) -> None:
    """Each mistake gets its sentence and code, and leaves nothing behind."""
    found, out, err = run("new", what, "--recipes", recipes)
    assert (found, out) == (code, "")
    assert said in err
    assert not Path(recipes).exists()


def test_a_place_must_be_told(
    run: Run, recipes: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --recipes it is ./recipes; where there is none, nothing is guessed."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    code, _, err = run("new", "ranky")
    assert code == 2
    assert "hint: add --recipes DIR" in err
    (tmp_path / "here" / "recipes").mkdir()
    assert run("new", "ranky")[:2] == (0, f"{tmp_path}/here/recipes/ranky/recipe.yaml\n")


def test_a_hostile_archive_is_refused(run: Run, recipes: str, index: Server, tmp_path: Path) -> None:
    """A member that would be written outside ends the draft; neither it nor a recipe is there afterwards."""
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("../../../escaped"))
    index.index("evil", [Listed("evil-1.0.tar.gz", body.getvalue())])
    code, _, err = run("new", "evil", "--recipes", recipes)
    assert code == 8
    assert "escaped" in err
    assert not list(tmp_path.rglob("escaped"))
    assert not Path(recipes, "evil").exists()


def test_an_index_without_hashes(run: Run, recipes: str, index: Server) -> None:
    """Where the index tells no hash, that of the bytes is taken."""
    body = sdist("bare-1.0", {"setup.py": "from setuptools import setup\nsetup()\n", "bare.py": ""})
    index.index("bare", [Listed("bare-1.0.tar.gz", body, with_hash=False)])
    assert run("new", "bare", "--recipes", recipes)[0] == 0
    recipe = load_recipe(f"{recipes}/bare/recipe.yaml")
    assert recipe.releases[0].sha256 == hashlib.sha256(body).hexdigest()
    # Plain Python: no compiler, no variables.
    assert (recipe.requirements.virtual, recipe.build.env) == ((), ())
    assert recipe.requirements.build == ("setuptools",)


def test_hashes_that_do_not_hold(run: Run, recipes: str, index: Server) -> None:
    """Bytes that are not those that the index tells are never looked into."""
    index.index("ranky", [Listed("ranky-1.0.tar.gz", ranky("1.0"))])
    index.add("/files/ranky-1.0.tar.gz", ranky("1.1"))
    code, _, err = run("new", "ranky", "--recipes", recipes)
    assert code == 7
    assert "ranky-1.0.tar.gz" in err


def test_for_programs(run: Run, recipes: str) -> None:
    """--json tells name, file, system and problems of each draft."""
    _, out, _ = run("new", "ranky", "--json", "--recipes", recipes)
    assert json.loads(out) == [
        {"name": "ranky", "file": f"{recipes}/ranky/recipe.yaml", "system": "python", "problems": []}
    ]
