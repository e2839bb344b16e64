"""``recipe checksum``: a wrong hash is found where it stands, and new versions come with theirs."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from pybuild.load.lint import lint_recipe
from pybuild.load.recipes import load_recipe
from tests.authoring.archives import ranky, wheel
from tests.authoring.conftest import Run
from tests.servers import Listed, Server

VERSIONS = ("1.0", "1.1", "1.2", "2.0rc1")


@pytest.fixture
def recipes(tmp_path: Path, index: Server, run: Run) -> Path:
    """A recipe of a source with two versions and one of a wheel; the index has newer ones."""
    old = [Listed(f"ranky-{version}.tar.gz", ranky(version)) for version in VERSIONS]
    index.index("ranky", old[:2])
    wheels = [
        Listed(f"pure-{v}-py3-none-any.whl", wheel("pure", v, {"pure.py": ""}), requires_python=">=3.8")
        for v in ("1.0", "1.1")
    ]
    index.index("pure", wheels[:1])
    for name in ("ranky", "pure"):
        assert run("new", name, "--recipes", str(tmp_path / "recipes"))[0] == 0
    index.index("ranky", old)
    index.index("pure", wheels)
    return tmp_path / "recipes"


def change(recipes: Path, name: str, old: str, new: str) -> None:
    file = recipes / name / "recipe.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def test_right_hashes_agree(run: Run, recipes: Path) -> None:
    """Every hash of both recipes is compared."""
    code, out, err = run("checksum", "ranky", "pure", "--recipes", str(recipes))
    assert (code, out) == (0, "")
    assert "2 recipes, 3 hashes agree" in err


@pytest.mark.parametrize("digit", [0, 31, 63])
def test_a_flipped_digit_is_found(run: Run, recipes: Path, digit: int) -> None:
    """Any digit of a hash: file, line, key, what was found and expected, and the code for checksums."""
    right = load_recipe(str(recipes / "ranky" / "recipe.yaml")).releases[1].sha256 or ""
    wrong = right[:digit] + ("0" if right[digit] != "0" else "1") + right[digit + 1 :]
    change(recipes, "ranky", right, wrong)
    line = (recipes / "ranky" / "recipe.yaml").read_text().splitlines().index(f"    sha256: {wrong}") + 1
    code, out, _ = run("checksum", "ranky", "pure", "--recipes", str(recipes))
    assert code == 7
    assert out == (
        f'{recipes}/ranky/recipe.yaml:{line}: versions."1.0".sha256: found {wrong}, expected {right}, '
        "which the index says of ranky-1.0.tar.gz\n"
    )


def test_a_wheel_with_a_wrong_hash(run: Run, recipes: Path) -> None:
    """Wheels are compared like sources; --json tells the same."""
    right = load_recipe(str(recipes / "pure" / "recipe.yaml")).releases[0].wheels[0][1]
    change(recipes, "pure", right, "a" * 64)
    code, out, _ = run("checksum", "pure", "--json", "--recipes", str(recipes))
    told = json.loads(out)
    assert (code, told["right"], len(told["wrong"])) == (7, 0, 1)
    assert f"expected {right}" in told["wrong"][0]


def test_a_file_that_the_index_does_not_have(run: Run, recipes: Path) -> None:
    """Nobody having the file is a failure to fetch, and near names are told."""
    change(recipes, "ranky", '  "1.0":', '  "0.9":')
    code, out, _ = run("checksum", "ranky", "--recipes", str(recipes))
    assert code == 6
    assert "project ranky has no file ranky-0.9.tar.gz" in out


def test_bytes_are_hashed_with_download(run: Run, recipes: Path, index: Server, tmp_path: Path) -> None:
    """An index may lie: only the bytes prove a hash."""
    index.add("/files/ranky-1.0.tar.gz", b"something else")
    assert run("checksum", "ranky", "--recipes", str(recipes))[0] == 0
    cache = str(tmp_path / "fresh")
    code, out, _ = run("checksum", "ranky", "--download", "--cache", cache, "--recipes", str(recipes))
    assert code == 7
    assert 'versions."1.0".sha256: ranky-1.0.tar.gz from' in out


def test_hashes_that_only_bytes_can_prove(run: Run, recipes: Path, index: Server) -> None:
    """Where the index tells no hash, that is said, and never taken for right."""
    files = [Listed(f"ranky-{v}.tar.gz", ranky(v), with_hash=False) for v in VERSIONS]
    index.index("ranky", files)
    code, _, err = run("checksum", "ranky", "--recipes", str(recipes))
    assert code == 0
    assert "2 hashes are of files that no index tells about" in err
    assert "0 hashes agree" in err
    _, _, err = run("checksum", "ranky", "--download", "--recipes", str(recipes))
    assert "2 hashes agree" in err


def test_a_broken_recipe_keeps_nobody_from_the_others(run: Run, recipes: Path) -> None:
    """The broken one is told and decides the code; the rest is checked."""
    (recipes / "pure" / "recipe.yaml").write_text("name: [\n")
    code, _, err = run("checksum", "pure", "ranky", "--recipes", str(recipes))
    assert code == 3
    assert f"{recipes}/pure/recipe.yaml:" in err
    change(recipes, "ranky", "sha256: ", "sha256: 0")
    assert run("checksum", "ranky", "--recipes", str(recipes))[0] == 3


def test_new_versions_are_added(run: Run, recipes: Path) -> None:
    """--new adds what is newer, no pre-release, with its hash; a second time there is nothing newer."""
    before = (recipes / "ranky" / "recipe.yaml").read_text()
    code, out, _ = run("checksum", "ranky", "pure", "--new", "--recipes", str(recipes))
    assert code == 0
    assert out == f"{recipes}/ranky/recipe.yaml: 1.2\n{recipes}/pure/recipe.yaml: 1.1\n"
    recipe = load_recipe(str(recipes / "ranky" / "recipe.yaml"))
    assert [release.version for release in recipe.releases] == ["1.2", "1.1", "1.0"]
    assert recipe.text.replace(f'  "1.2":\n    sha256: {recipe.releases[0].sha256}\n', "") == before
    assert lint_recipe(recipe) == ()
    assert run("checksum", "ranky", "pure", "--recipes", str(recipes))[0] == 0
    code, out, _ = run("checksum", "ranky", "--new", "--recipes", str(recipes))
    assert (code, out) == (0, f"{recipes}/ranky/recipe.yaml: nothing newer\n")


def test_one_version_is_added(run: Run, recipes: Path) -> None:
    """--add takes any version that the index has, also a pre-release; errors change nothing."""
    file = recipes / "ranky" / "recipe.yaml"
    file.chmod(0o640)
    assert run("checksum", "ranky", "--add", "2.0rc1", "--recipes", str(recipes))[0] == 0
    assert load_recipe(str(file)).releases[0].version == "2.0rc1"
    assert file.stat().st_mode & 0o777 == 0o640
    after = file.read_text()
    for version, code, said in (
        ("1.1.0", 2, "recipe ranky has 1.1.0 already"),
        ("7", 6, "the index has no source archive of ranky 7\nhint: its newest versions: 2.0rc1"),
        ("newest", 2, "expected a version such as"),
    ):
        found, _, err = run("checksum", "ranky", "--add", version, "--recipes", str(recipes))
        assert found == code
        assert said in err
    assert file.read_text() == after
    assert sorted(path.name for path in file.parent.iterdir()) == ["ranks_agree.py", "recipe.yaml"]


@pytest.mark.parametrize(
    "argv", [("--add", "1"), ("--new",), ("ranky", "pure", "--add", "1"), ("ranky", "--new", "--touched")]
)
def test_words_that_do_not_go_together(run: Run, recipes: Path, argv: tuple[str, ...]) -> None:
    """Adding wants a recipe's name, and is no check."""
    assert run("checksum", *argv, "--recipes", str(recipes))[0] == 2


def git(folder: Path, *words: str) -> None:
    subprocess.run(
        ("git", "-c", "user.name=a", "-c", "user.email=a@example.org", *words),
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip


def test_only_what_was_touched(run: Run, recipes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--touched checks recipes that are new or changed since the branch left main, and no others."""
    # The recipes that come with pybuild stand in a repository of their own, which is none of this test's.
    monkeypatch.setattr("pybuild.load.places.shipped", lambda kind: str(recipes.parent / f"no-{kind}"))
    code, _, err = run("checksum", "--touched", "--recipes", str(recipes))
    assert code == 2
    assert "not in a git repository" in err
    git(recipes.parent, "init", "--quiet", "--initial-branch=main")
    git(recipes.parent, "add", "recipes/ranky")
    git(recipes.parent, "commit", "--quiet", "-m", "one")
    _, _, err = run("checksum", "--touched", "--recipes", str(recipes))
    assert "1 recipe, 1 hash agrees" in err  # pure is new
    git(recipes.parent, "checkout", "--quiet", "-b", "work")
    git(recipes.parent, "add", "recipes")
    change(recipes, "ranky", "unproven: true", "unproven: false")
    git(recipes.parent, "commit", "--quiet", "-am", "two")
    (recipes / "README").write_text("no recipe\n")
    _, _, err = run("checksum", "--touched", "--recipes", str(recipes))
    assert "2 recipes, 3 hashes agree" in err
    _, _, err = run("checksum", "--touched", "--against", "work", "--recipes", str(recipes))
    assert "0 recipes, 0 hashes agree" in err
    code, _, err = run("checksum", "--touched", "--against", "nowhere", "--recipes", str(recipes))
    assert code == 2
    assert "hint: name the recipes, or another ref with --against REF" in err
    aside = recipes.parent.parent / f"{recipes.parent.name}-aside"
    aside.mkdir()
    code, _, err = run("checksum", "--touched", "--recipes", str(aside), "--recipes", str(recipes))
    assert code == 2, "a folder that was named is not passed over as if nothing had changed in it"
    assert f"{aside} is not in a git repository" in err
    (recipes.parent / ".gitignore").write_text("/.venv/\n")
    shutil.copytree(recipes, copy := recipes.parent / ".venv/lib/recipes")
    code, _, err = run("checksum", "--touched", "--recipes", str(copy))
    assert code == 2, "a copy that git ignores never differs from anything"
    assert f"{copy} is in a folder that git ignores\nhint: name the folder of recipes" in err
