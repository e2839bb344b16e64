"""The real mpi4py wheel of the package index: it must never pass for a build."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pybuild.verify.linked import LinkRules, check_linked
from pybuild.verify.tree import Tree

from .conftest import MPI, Compile
from .test_linked import CHECK, STEMS


@pytest.mark.index
def test_the_indexs_mpi4py_is_refused(tmp_path: Path, compile_c: Compile) -> None:
    """The wheel as downloaded, even with a libmpi that it would find, is refused by name."""
    argv = [sys.executable, "-m", "pip", "download", "-q", "--only-binary", ":all:", "--no-deps"]
    subprocess.run([*argv, "-d", str(tmp_path / "wheel"), "mpi4py"], check=True, capture_output=True)
    (wheel,) = (tmp_path / "wheel").iterdir()
    site = tmp_path / "prefix" / f"lib/python3.{sys.version_info.minor}/site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    library = compile_c(tmp_path / "prefix/lib/libmpi.so.12", MPI, soname="libmpi.so.12")
    tree = Tree(prefix=str(tmp_path / "prefix"), layers=(str(tmp_path / "prefix"),))
    files = tuple(tree.files())
    rules = LinkRules(library_path=(str(library.parent),), expected=((STEMS, str(library)),))
    report = check_linked(tree, files, [CHECK], rules=rules)
    refused = [text for text in report.problems if "this is the index's wheel, not a build" in text]
    assert len(refused) == 2
    assert "mpi4py/MPI.mpich.cpython-" in refused[0]
    assert "mpi4py/MPI.openmpi.cpython-" in refused[1]
    assert any("needs libmpi.so.40, which is found nowhere" in text for text in report.problems)
