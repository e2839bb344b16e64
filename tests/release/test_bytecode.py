"""Modules are compiled for read-only use: by any Python, every one, and again only where that is needed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pybuild.errors import PrefixError
from pybuild.release.bytecode import compile_modules

BARE = {"PATH": "/usr/bin:/bin"}


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """A prefix with a Python, a module, and a file that is no Python."""
    name = f"python3.{sys.version_info[1]}"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").symlink_to(os.path.realpath(sys.executable))
    package = tmp_path / "lib" / name / "site-packages/toy"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("answer = 42\n")
    (package / "template.py").write_text("class {{ name }}: pass\n")
    return tmp_path


def _cached(prefix: Path) -> Path:
    (found,) = prefix.glob("lib/*/site-packages/toy/__pycache__/__init__.*.pyc")
    return found


@pytest.mark.parametrize(("fixed", "kind"), [(True, b"\1\0\0\0"), (False, b"\0\0\0\0")])
def test_kind(prefix: Path, fixed: bool, kind: bytes) -> None:
    """Unchecked hashes where nobody will change the modules, times where somebody may (PEP 552)."""
    (refused,) = compile_modules(prefix, BARE, fixed=fixed)
    assert refused.endswith("template.py")
    assert _cached(prefix).read_bytes()[4:8] == kind


def test_times_do_not_matter(prefix: Path) -> None:
    """A copy with other times imports from what was compiled: it says so itself, and writes nothing."""
    compile_modules(prefix, BARE, fixed=True, jobs=2)
    before = _cached(prefix).read_bytes()
    (source,) = prefix.glob("lib/*/site-packages/toy/__init__.py")
    os.utime(source, (1, 1))
    argv = [prefix / "bin/python", "-v", "-c", "import toy"]
    environ = {**BARE, "PYTHONPATH": str(source.parents[1])}
    told = subprocess.run(argv, env=environ, capture_output=True, text=True, check=True).stderr
    assert f"code object from '{_cached(prefix)}'" in told
    assert _cached(prefix).read_bytes() == before


def test_what_is_right_keeps_its_code(prefix: Path) -> None:
    """A cached file that Python would take gets another head; one of another source is compiled again."""
    compile_modules(prefix, BARE, fixed=False)
    timed = _cached(prefix).read_bytes()
    compile_modules(prefix, BARE, fixed=True)
    assert _cached(prefix).read_bytes()[16:] == timed[16:]
    assert _cached(prefix).read_bytes()[:16] != timed[:16]
    (source,) = prefix.glob("lib/*/site-packages/toy/__init__.py")
    source.write_text("answer = 43\n")
    compile_modules(prefix, BARE, fixed=True)
    assert _cached(prefix).read_bytes()[16:] != timed[16:]


def test_cannot_be_written(prefix: Path) -> None:
    """A place that takes no file is an error, not a module less."""
    (package,) = prefix.glob("lib/*/site-packages/toy")
    (package / "__pycache__").write_text("in the way")
    with pytest.raises(PrefixError, match="cannot be written"):
        compile_modules(prefix, BARE, fixed=True)
