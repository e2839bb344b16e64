"""A prefix seen as it will be."""

from __future__ import annotations

from pathlib import Path

import pytest

from pybuild.verify.tree import Tree


@pytest.fixture
def three(tmp_path: Path) -> tuple[Tree, Path, Path]:
    """Return a tree of a stage over a real prefix, and both folders."""
    stage, real = tmp_path / "stage", tmp_path / "real"
    for folder in (stage, real):
        (folder / "lib").mkdir(parents=True)
    tree = Tree(prefix=str(real), layers=(str(stage), str(real)))
    return tree, stage, real


def test_the_first_layer_that_has_a_file_wins(three: tuple[Tree, Path, Path]) -> None:
    """A staged file hides the one it will replace; others come from the real prefix."""
    tree, stage, real = three
    for path in (stage / "lib/a", real / "lib/a", real / "lib/b"):
        path.touch()
    assert tree.disk(f"{real}/lib/a") == str(stage / "lib/a")
    assert tree.disk(f"{real}/lib/b") == str(real / "lib/b")
    assert tree.disk(f"{real}/lib/c") is None
    assert tree.names("lib") == ("a", "b")
    assert sorted(tree.files()) == ["lib/a", "lib/b"]


def test_links_cross_layers(three: tuple[Tree, Path, Path]) -> None:
    """A staged link leads to a file of another layer, through relative and absolute targets and ``..``."""
    tree, stage, real = three
    (real / "lib/libmpi.so.12.1").touch()
    (stage / "lib/libmpi.so.12").symlink_to("libmpi.so.12.1")
    (stage / "lib/libmpi.so").symlink_to(f"{real}/lib/../lib/libmpi.so.12")
    assert tree.real(f"{real}/lib/libmpi.so") == f"{real}/lib/libmpi.so.12.1"
    assert tree.disk(f"{real}/lib/libmpi.so") == str(real / "lib/libmpi.so.12.1")
    assert list(tree.files()) == ["lib/libmpi.so.12.1"]


def test_a_prefix_that_does_not_exist_yet(tmp_path: Path) -> None:
    """Files of a stage stand at final paths although neither the prefix nor its parent exists."""
    stage = tmp_path / "stage"
    (stage / "lib").mkdir(parents=True)
    (stage / "lib/a").touch()
    tree = Tree(prefix=str(tmp_path / "group/new"), layers=(str(stage),))
    assert tree.disk(f"{tmp_path}/group/new/lib/../lib/a") == str(stage / "lib/a")
    assert tree.disk(f"{tmp_path}/group/new/lib/b") is None


def test_a_prefix_behind_a_link(three: tuple[Tree, Path, Path], tmp_path: Path) -> None:
    """A prefix has one real path, whether it is reached through a link or not."""
    _, stage, real = three
    (stage / "lib/a").touch()
    (tmp_path / "home").symlink_to(real)
    tree = Tree(prefix=str(tmp_path / "home"), layers=(str(stage), str(tmp_path / "home")))
    for spelling in (tmp_path / "home", real):
        assert tree.real(f"{spelling}/lib/a") == f"{real}/lib/a"
        assert tree.disk(f"{spelling}/lib/a") == str(stage / "lib/a")
        assert tree.shown(f"{spelling}/lib/a") == "lib/a"


def test_files_that_will_go_are_gone(three: tuple[Tree, Path, Path]) -> None:
    """What the transaction removes from the real prefix is not seen, unless a stage brings it anew."""
    _, stage, real = three
    for path in (real / "lib/old", real / "lib/same", stage / "lib/same"):
        path.touch()
    removed = frozenset({"lib/old", "lib/same"})
    tree = Tree(prefix=str(real), layers=(str(stage), str(real)), removed=removed)
    assert tree.disk(f"{real}/lib/old") is None
    assert tree.disk(f"{real}/lib/same") == str(stage / "lib/same")
    assert tree.names("lib") == ("same",)
    assert list(tree.files()) == ["lib/same"]


def test_paths_outside_are_the_machines(three: tuple[Tree, Path, Path], tmp_path: Path) -> None:
    """A path outside the prefix is followed on disk; a link in a circle leads nowhere."""
    tree, _, _ = three
    (tmp_path / "one").symlink_to(tmp_path / "two")
    (tmp_path / "two").symlink_to(tmp_path / "one")
    assert tree.disk("/etc/hostname/../passwd") == "/etc/passwd"
    assert tree.real(f"{tmp_path}/one") is None
    assert tree.shown("/etc/passwd") == "/etc/passwd"


def test_site_packages_of_every_layer(three: tuple[Tree, Path, Path]) -> None:
    """Module folders are found in a stage as well as in the prefix, once where lib64 is a link to lib."""
    tree, stage, real = three
    (stage / "lib/python3.11/site-packages").mkdir(parents=True)
    (real / "lib/python3.9/site-packages").mkdir(parents=True)
    (real / "lib64").symlink_to("lib")
    assert tree.site_packages() == ("lib/python3.11/site-packages", "lib/python3.9/site-packages")
