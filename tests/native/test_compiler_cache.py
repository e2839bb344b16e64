"""ccache in front of a site's compilers: it serves what was compiled before, and is part of no key."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from pybuild.build.compiler_cache import with_cache
from pybuild.model.site import CompilerCache
from tests.end_to_end.project import Project
from tests.native import toylib

SITE = """
compiler_cache:
  folder: {folder}
  env: {{CCACHE_MAXSIZE: 50M}}
  source: the tests
"""
LINE = re.compile(r"^# the compiler cache served (\d+) of (\d+) compilations$", re.MULTILINE)
APART = {
    "toylib.c": 'const char *toylib_root(void) { return "nowhere"; }\n',
    "Makefile.in": toylib.BUILDS["autotools"][0]["Makefile.in"].replace(
        """-DROOT='"$(prefix)"' -fPIC -shared -o $@ toylib.c""",
        "-fPIC -c -o toylib.o toylib.c\n\t$(CC) -shared -o $@ toylib.o",
    ),
}
"""Compiled and linked by two commands, without the prefix in it: ccache leaves other ones alone."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of programs named like compilers that are ccache, as Debian has them."""
    real = shutil.which("ccache")
    if real is None:
        pytest.skip("apt-get install ccache")
    names = tmp_path / "names"
    names.mkdir()
    for name in ("gcc", "cc"):
        (names / name).symlink_to(real)
    return names


def offer(store: Project, folder: Path | None, **env: str) -> None:
    """Let the index have toylib, and the site the cache."""
    file = toylib.sdist("autotools", APART)
    store.serve(file)
    build = toylib.BUILDS["autotools"][1] + (f"\n  env: {json.dumps(env)}" if env else "")
    store.recipe("toylib", toylib.recipe(file, build))
    store.site(more=SITE.format(folder=folder) if folder else "")


def built(store: Project, prefix: Path) -> tuple[str, tuple[int, int] | None]:
    """Build toylib anew; return its key, and what the log says of the cache: (served, all)."""
    store.install("toylib", "-p", prefix, "--rebuild").done()
    key = json.loads((prefix / "conda-meta/pybuild/toylib.json").read_text())["key"]
    log = (prefix / "share/pybuild/toylib/build.log").read_text()
    found = LINE.search(log)
    return key, (int(found[1]), int(found[2])) if found else None


def test_the_second_build_is_served(store: Project, prefix: Path, folder: Path) -> None:
    """In another stage, under the same key, which is the same without it; other flags are compiled."""
    offer(store, folder)
    first, once = built(store, prefix)
    again, twice = built(store, prefix)
    offer(store, None)
    without, none = built(store, prefix)
    assert first == again == without
    assert once is not None
    assert twice is not None
    assert (once[0], twice[0]) == (0, twice[1])
    assert once[1] == twice[1] > 0
    assert none is None
    offer(store, folder, CFLAGS="-O1 -DOTHER")
    other, served = built(store, prefix)
    assert other != first
    assert served == (0, once[1])
    offer(store, folder, TARGET_OF_A_MODULE="haswell")  # a wrapper might make something of it
    assert built(store, prefix)[1] == (0, once[1])
    assert "compiler cache" in store.run("plan", "toylib", "-p", prefix, "--rebuild", "-v").out


def test_another_environment_is_not_served(tmp_path: Path) -> None:
    """A wrapper whose flags come from modules: the same words elsewhere are another name space."""
    cache = CompilerCache(folder=str(tmp_path))
    spaces = [
        with_cache({"PATH": "/bin"}, cache, stage=tmp_path, home=tmp_path, where=where)["CCACHE_NAMESPACE"]
        for where in ("CRAY_CPU_TARGET=haswell", "CRAY_CPU_TARGET=mic-knl", "CRAY_CPU_TARGET=haswell")
    ]
    assert spaces[0] == spaces[2] != spaces[1]


def test_a_compiler_called_by_its_path_is_served_too(tmp_path: Path) -> None:
    """Only where the plain name leads to the very same program; another gcc keeps its whole path."""
    for place in ("names", "bin", "other"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "gcc").write_text("#!/bin/sh\n")
        (tmp_path / place / "gcc").chmod(0o755)
    cache = CompilerCache(folder=str(tmp_path / "names"))
    environment = {
        "PATH": str(tmp_path / "bin"),
        "CC": f"{tmp_path}/bin/gcc -std=c99",
        "OTHER": f"{tmp_path}/other/gcc",
        "ABSENT": f"{tmp_path}/bin/icc",
    }
    given = with_cache(environment, cache, stage=tmp_path, home=tmp_path, where="")
    assert given["CC"] == "gcc -std=c99"
    assert given["PATH"] == f"{tmp_path}/names:{tmp_path}/bin"
    assert (given["OTHER"], given["ABSENT"]) == (environment["OTHER"], environment["ABSENT"])


def test_a_variable_that_is_no_text_has_a_name_space_too(tmp_path: Path) -> None:
    """Modules may set bytes that are no UTF-8; they come as surrogates, and differ as the bytes do."""
    cache = CompilerCache(folder=str(tmp_path))
    spaces = {
        with_cache({}, cache, stage=tmp_path, home=tmp_path, where=where)["CCACHE_NAMESPACE"]
        for where in ("NAME=\udce9", "NAME=\udcea")
    }
    assert len(spaces) == 2


def test_a_site_cannot_let_builds_share_more(tmp_path: Path) -> None:
    """It says where the cache is, but not what may be taken from it, nor that nobody is told."""
    env = (("CCACHE_DIR", "/elsewhere"), ("CCACHE_NAMESPACE", "one"), ("CCACHE_STATSLOG", "/dev/null"))
    cache = CompilerCache(folder=str(tmp_path), env=env)
    given = with_cache({"PATH": "/bin"}, cache, stage=tmp_path, home=tmp_path, where="")
    assert given["CCACHE_DIR"] == "/elsewhere"
    assert given["CCACHE_NAMESPACE"] != "one"
    assert given["CCACHE_STATSLOG"].startswith(str(tmp_path))


def test_a_node_without_the_cache_builds_all_the_same(tmp_path: Path) -> None:
    """The folder may be there on some nodes only."""
    cache = CompilerCache(folder=str(tmp_path / "absent"))
    assert with_cache({"CC": "gcc"}, cache, stage=tmp_path, home=tmp_path, where="") == {"CC": "gcc"}
