"""``--offline`` holds for the commands that write and check recipes, as for every other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.authoring.archives import ranky
from tests.authoring.conftest import Run
from tests.servers import Listed, Server

GIT = """\
name: kept
about: {summary: a commit, homepage: "https://example.org", license: MIT}
source: {git: "https://example.org/kept.git"}
versions:
  "1.0": {sha256: %s, commit: %s}
build: {system: python}
tests: [{imports: [kept]}]
"""


@pytest.fixture
def recipes(tmp_path: Path, index: Server, run: Run) -> Path:
    """A recipe of an index project, and one of a git repository; nothing of either is in the cache."""
    index.index("ranky", [Listed(f"ranky-{v}.tar.gz", ranky(v)) for v in ("1.0", "1.1")])
    folder = tmp_path / "recipes"
    assert run("new", "ranky", "--recipes", str(folder))[0] == 0
    (folder / "kept").mkdir()
    (folder / "kept/recipe.yaml").write_text(GIT % ("a" * 64, "b" * 40))
    index.seen.clear()
    return folder


@pytest.mark.parametrize(
    "words",
    [
        ("checksum", "ranky"),
        ("checksum", "ranky", "--download"),
        ("checksum", "ranky", "--new"),
        ("checksum", "ranky", "--add", "1.1"),
        ("new", "other"),
        ("new", "https://127.0.0.1:9/other-1.0.tar.gz"),
    ],
)
@pytest.mark.parametrize("how", ["option", "variable"])
def test_nobody_is_asked(
    run: Run,
    environ: dict[str, str],
    index: Server,
    recipes: Path,
    tmp_path: Path,
    words: tuple[str, ...],
    how: str,
) -> None:
    """No request arrives at the index, and the sentence says why nothing could be done."""
    more = ("--offline",) if how == "option" else ()
    if how == "variable":
        environ["PYBUILD_OFFLINE"] = "1"
    code, out, err = run(*words, "--recipes", str(recipes), "--cache", str(tmp_path / "empty"), *more)
    assert code == 6
    assert "offline, and the package index or a source's own server cannot be asked" in out + err
    assert index.seen == []


def test_git_is_not_started(run: Run, environ: dict[str, str], recipes: Path, tmp_path: Path) -> None:
    """A commit that the cache lacks is not fetched, either."""
    (tmp_path / "bin").mkdir()
    git = tmp_path / "bin/git"
    git.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\nexit 1\n")
    git.chmod(0o755)
    environ["PATH"] = f"{git.parent}:{environ['PATH']}"
    words = ("checksum", "kept", "--download", "--recipes", str(recipes))
    code, out, _ = run(*words, "--offline")
    assert (code, (tmp_path / "started").exists()) == (6, False)
    assert "offline, and the package index or a source's own server cannot" in out
    run(*words)
    assert (tmp_path / "started").exists()
