"""load/catalog.py, catalog_lint.py: what is remembered is what would be read, and nothing is opened."""

from __future__ import annotations

import builtins
import json
import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pybuild import remembered
from pybuild.load.catalog import Catalog, Entry
from pybuild.load.catalog_lint import lint_everything
from pybuild.load.near import near_names

A = "a" * 64
RECIPE = f"""\
name: NAME
about: {{summary: "SUMMARY", homepage: "https://example.org", license: MIT}}
source: {{pypi: NAME}}
versions: {{"2.0": {{sha256: {A}}}, "1.0": {{sha256: {A}}}}}
requirements: {{virtual: [compiler, mpi], run: ["Num_Py >=1", six]}}
options: {{exe: {{summary: s}}}}
overrides: [{{when: {{option: exe}}, build: {{args: [x]}}}}]
provides: {{mpi: {{cc: x, mpiexec: x, soname: libmpi}}}}
tests: [{{links: {{module: a.b, to: mpi}}}}, {{ranks: 2, command: [a]}}]
unproven: true
"""

Opened = Callable[[], list[str]]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Three recipes that were written long ago, as far as the cache can tell."""
    for name in ("one", "two", "three"):
        make(tmp_path / "recipes", name)
    return tmp_path / "recipes"


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files of this very second count as old."""
    monkeypatch.setattr(remembered, "TOO_YOUNG", -(10**12))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, tree: Path) -> Opened:
    """Return the recipes that were opened since the last call."""
    seen: list[str] = []
    real = builtins.open

    def counting(file: Any, *args: Any, **kwargs: Any) -> Any:
        if str(file).startswith(str(tree)):
            seen.append(os.path.relpath(file, tree))
        return real(file, *args, **kwargs)

    def taken() -> list[str]:
        found = sorted(seen)
        seen.clear()
        return found

    monkeypatch.setattr(builtins, "open", counting)
    return taken


def make(tree: Path, name: str, summary: str = "does things") -> Path:
    path = tree / name / "recipe.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(RECIPE.replace("NAME", name).replace("SUMMARY", summary))
    return path


def catalog(tree: Path) -> Catalog:
    return Catalog([str(tree)], str(tree.parent / "cache"))


def summary(tree: Path, name: str) -> str:
    entry = catalog(tree).get(name)
    assert entry is not None
    return entry.summary


def store(tree: Path, kind: str = "recipes") -> Path:
    (path,) = (tree.parent / "cache" / "catalog").glob(f"{kind}-*.json")
    return path


def test_an_entry_is_what_the_recipe_says(tree: Path, settled: None) -> None:
    """From the recipe and from the cache alike; requirements become names of recipes."""
    expected = Entry(
        name="one", directory=str(tree), summary="does things", versions=("2.0", "1.0"),
        virtuals=("compiler", "mpi"), options=("exe",), provides=("mpi",), needs=("num-py", "six"),
        system="python", pure=False, unproven=True,
    )  # fmt: skip
    assert catalog(tree).get("one") == expected
    assert catalog(tree).get("one") == expected
    assert catalog(tree).get("four") is None
    assert catalog(tree).names() == ("one", "three", "two")


def test_asking_again_opens_no_recipe(tree: Path, settled: None, opened: Opened) -> None:
    """Each is read once; afterwards only one that was changed, added or removed costs anything."""
    catalog(tree)
    assert opened() == ["one/recipe.yaml", "three/recipe.yaml", "two/recipe.yaml"]
    catalog(tree)
    assert opened() == []
    make(tree, "two", "does more")
    make(tree, "four")
    (tree / "one" / "recipe.yaml").unlink()
    assert catalog(tree).names() == ("four", "three", "two")
    assert opened() == ["four/recipe.yaml", "two/recipe.yaml"]
    assert summary(tree, "two") == "does more"
    assert opened() == []


def test_one_stat_for_each_recipe(tree: Path, settled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a remembered folder nothing else is looked at: on parallel file systems this is the cost."""
    catalog(tree)
    looked: list[str] = []
    real = os.stat

    def counting(path: Any, *args: Any, **kwargs: Any) -> os.stat_result:
        looked.append(os.fspath(path))
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, "stat", counting)
    catalog(tree)
    monkeypatch.undo()
    assert sorted(looked) == [f"{tree}/{name}/recipe.yaml" for name in ("one", "three", "two")]


def test_a_change_that_hides_its_time_is_seen(tree: Path, settled: None) -> None:
    """As ``cp -p`` and ``rsync -t`` leave it: same size, same modification time."""
    path = tree / "one" / "recipe.yaml"
    catalog(tree)
    before = path.stat()
    time.sleep(0.02)  # times of files go by the kernel's tick, a few milliseconds
    make(tree, "one", "does thongs")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (before.st_size, before.st_mtime_ns, before.st_ino) == (
        after.st_size,
        after.st_mtime_ns,
        after.st_ino,
    )
    assert summary(tree, "one") == "does thongs"


def test_a_file_put_in_its_place_is_seen(tree: Path, settled: None) -> None:
    """As editors and ``mv`` do it."""
    catalog(tree)
    new = make(tree.parent / "elsewhere", "one", "does thongs")
    new.replace(tree / "one" / "recipe.yaml")
    assert summary(tree, "one") == "does thongs"


def test_what_was_just_written_is_not_remembered(
    tree: Path, monkeypatch: pytest.MonkeyPatch, opened: Opened
) -> None:
    """A second change within one tick of the file system's clock would not be seen otherwise."""
    written = max(path.stat().st_ctime_ns for path in tree.rglob("*.yaml"))
    monkeypatch.setattr(time, "time_ns", lambda: written)  # however long ago it was by now
    catalog(tree)
    opened()
    catalog(tree)
    assert len(opened()) == 3


def test_old_recipes_are_remembered(tree: Path, monkeypatch: pytest.MonkeyPatch, opened: Opened) -> None:
    """With the ordinary margin, once the clock has moved on."""
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + 3 * 10**9)
    catalog(tree)
    opened()
    catalog(tree)
    assert opened() == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: b"",
        lambda text: text[: len(text) // 2],
        lambda text: text.replace(b"does things", b"does thongs", 1),
        lambda text: text.replace(b"\n", b"", 1),
        lambda text: b"[]\n" + text,
        lambda text: b"\xff" + text,
        lambda text: text.replace(b'"kind": "recipes"', b'"kind": "lint"', 1),
        lambda text: text.replace(b'"format": 1', b'"format": 0', 1),
    ],
)
def test_a_damaged_cache_is_none(tree: Path, settled: None, damage: Callable[[bytes], bytes]) -> None:
    """Whatever has happened to it, the answer is the recipes', and the cache is whole again."""
    catalog(tree)
    path = store(tree)
    whole = path.read_bytes()
    assert damage(whole) != whole
    path.write_bytes(damage(whole))
    assert summary(tree, "one") == "does things"
    assert path.read_bytes() == whole


def test_a_whole_file_of_another_shape_is_none(tree: Path, settled: None) -> None:
    """Right sums alone do not make it one of ours."""
    catalog(tree)
    values: Any = {"one": ["a", "list"]}
    remembered.write_store(str(tree.parent / "cache"), "recipes", str(tree), values)
    assert summary(tree, "one") == "does things"


def test_another_folders_cache_is_not_taken(tree: Path, settled: None) -> None:
    """Should two folders ever get one file name, its first line tells them apart."""
    catalog(tree)
    text = store(tree).read_bytes()
    other = tree.parent / "other"
    make(other, "one", "is another")
    remembered.write_store(str(tree.parent / "cache"), "recipes", str(other), {})
    for path in store_folder(tree).iterdir():
        path.write_bytes(text)
    assert summary(other, "one") == "is another"


def store_folder(tree: Path) -> Path:
    return tree.parent / "cache" / "catalog"


def test_a_cache_that_cannot_be_written_costs_only_time(tree: Path, settled: None) -> None:
    """A file where the folder should be: root may write anywhere else."""
    (tree.parent / "cache").write_text("")
    for _ in range(2):
        assert summary(tree, "one") == "does things"
        assert lint_everything([str(tree)], str(tree.parent / "cache")).keys() == {"one", "two", "three"}


def test_two_writers_leave_a_whole_file(tree: Path, settled: None) -> None:
    """Several processes that write at once, over and over: each read is whole, and no part stays behind."""
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_write_often, args=(str(tree), number)) for number in range(4)]
    for worker in workers:
        worker.start()
    cache = str(tree.parent / "cache")
    seen = set()
    while any(worker.is_alive() for worker in workers):
        found = remembered.read_store(cache, "recipes", str(tree))
        assert found or not seen, "a file that is being written was in its place"
        if found:
            seen.add(len(found))
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert seen <= {1000, 1001, 1002, 1003}
    assert seen
    assert [path.name for path in store_folder(tree).iterdir()] == [store(tree).name]


def _write_often(directory: str, number: int) -> None:
    cache = str(Path(directory).parent / "cache")
    values = {f"name-{i}": "x" * 50 for i in range(1000 + number)}
    for _ in range(30):
        remembered.write_store(cache, "recipes", directory, values)


def test_leftovers_are_swept(tree: Path, settled: None) -> None:
    """What was remembered of a folder that is gone goes when something else is written; so do old parts."""
    gone = tree.parent / "gone"
    make(gone, "one")
    Catalog([str(gone)], str(tree.parent / "cache"))
    old = store_folder(tree) / "recipes-0.json.1.ab"
    old.write_text("")
    os.utime(old, (0, 0))
    new = store_folder(tree) / "recipes-0.json.2.cd"
    new.write_text("")
    assert len(list(store_folder(tree).iterdir())) == 3
    (gone / "one" / "recipe.yaml").unlink()
    (gone / "one").rmdir()
    gone.rmdir()
    catalog(tree)
    left = {path.name for path in store_folder(tree).iterdir()}
    assert new.name in left
    assert len(left) == 2


def test_the_first_directory_wins(tree: Path, settled: None) -> None:
    """As for a plan: the recipe that would be built is the one that is found."""
    first = tree.parent / "first"
    make(first, "one", "comes first")
    (first / "two").mkdir()  # without a recipe it hides none
    both = Catalog([str(first), str(tree), str(tree.parent / "absent")], str(tree.parent / "cache"))
    assert len(both) == 3
    assert [both.get(name).summary for name in ("one", "two")] == ["comes first", "does things"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name: [", "one/recipe.yaml:"),
        ("- a\n", "expected a mapping"),
        ("about: {summary: [x]}\nversions: 3\nrequirements: []\noptions: x\nprovides: [a]\nbuild: 1\n", ""),
        ("about: {summary: 'a|b\n\n  c'}\nversions: {'1|2': {}, '1,2': {}, '3': {}}\n", ""),
    ],
)
def test_a_bad_recipe_hides_no_other(tree: Path, settled: None, text: str, problem: str) -> None:
    """Neither does what is wrong in it break what is remembered."""
    (tree / "one" / "recipe.yaml").write_text(text)
    for _ in range(2):
        found = catalog(tree)
        entry = found.get("one")
        assert entry is not None
        assert (problem in entry.problem) if problem else (entry.problem == "")
        assert entry.versions == (("3",) if "a|b" in text else ())
        assert entry.summary == ("a|b c" if "a|b" in text else "")
        assert found.names() == ("one", "three", "two")


@pytest.mark.parametrize(
    ("releases", "pure"),
    [
        ("{wheels: {x-1-py3-none-any.whl: a}}", True),
        ("{wheels: {x-1-py3-none-any.whl: a, x-1-cp39-cp39-linux_x86_64.whl: b}}", False),
        ("{sha256: a}", False),
        ("{sha256: a, wheels: {x-1-py3-none-any.whl: a}}", False),
    ],
)
def test_pure_is_what_has_such_wheels_only(tree: Path, releases: str, pure: bool) -> None:
    """The newest version counts."""
    (tree / "one" / "recipe.yaml").write_text(f"versions: {{'2': {releases}, '1': {{sha256: a}}}}\n")
    entry = catalog(tree).get("one")
    assert entry is not None
    assert entry.pure is pure


def test_mentioning_looks_at_names_and_summaries_only(tree: Path) -> None:
    """Not at versions or virtuals, and in any case of letters."""
    make(tree, "two", "Makes FFTs")
    found = catalog(tree)
    assert list(found.mentioning("ne")) == ["one"]
    assert sorted(found.mentioning("does t")) == ["one", "three"]
    assert list(found.mentioning("ffts")) == ["two"]
    assert list(found.mentioning("compiler")) == []


def test_lint_is_asked_once(tree: Path, settled: None, opened: Opened) -> None:
    """Again only where something in the recipe's folder is new: the recipe, or a file beside it."""
    cache = str(tree.parent / "cache")

    def lint() -> dict[str, tuple[str, ...]]:
        return lint_everything([str(tree)], cache)

    assert lint() == {"one": (), "two": (), "three": ()}
    assert len(opened()) == 3
    lint()
    assert opened() == []
    (tree / "one" / "left-over.txt").touch()
    (tree / "four").mkdir()
    found = lint()
    assert opened() == ["one/recipe.yaml"]
    assert "left-over.txt" in found["one"][0]
    assert found["four"] == (f"{tree}/four:1: there is no recipe.yaml in this folder",)
    path = tree / "two" / "recipe.yaml"
    path.write_text(path.read_text().replace("versions", "version"))
    assert any('did you mean "versions"' in problem for problem in lint()["two"])
    assert lint() == lint()


def test_lint_of_other_code_is_not_believed(
    tree: Path, settled: None, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check that was added finds what it is for, although the recipes are as they were."""
    cache = str(tree.parent / "cache")
    lint_everything([str(tree)], cache)
    opened()
    monkeypatch.setattr("packaging.__version__", "0")  # stands for any file of ours
    lint_everything([str(tree)], cache)
    assert len(opened()) == 3
    head = json.loads(store(tree, "lint").read_bytes().partition(b"\n")[0])
    assert "lint_recipes.py" in head["maker"]
    assert "recipe.schema.json" in head["maker"]


def test_lint_says_nothing_of_hidden_recipes(tree: Path, settled: None, opened: Opened) -> None:
    """The first directory's recipe is the one that counts, and the other one's turn can still come."""
    first = tree.parent / "first"
    make(first, "one")
    (tree / "one" / "recipe.yaml").write_text("name: [")
    cache = str(tree.parent / "cache")
    assert lint_everything([str(tree)], cache)["one"] != ()
    assert lint_everything([str(first), str(tree)], cache)["one"] == ()
    opened()
    assert lint_everything([str(tree)], cache)["one"] != ()
    assert opened() == []


@pytest.mark.parametrize(
    ("asked", "first"),
    [("mpi4pi", "mpi4py"), ("h5pi", "h5py"), ("name-00500", "name-00500-x"), ("zzz", None)],
)
def test_near_names_among_many(asked: str, first: str | None) -> None:
    """The nearest one is found although only a few are compared letter by letter."""
    names = [f"name-{i:05}-x" for i in range(10_000)] + ["mpi4py", "h5py", "hpy"]
    near = near_names(asked, names)
    assert near[:1] == ([first] if first else [])
