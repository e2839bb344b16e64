"""Where a build's source comes from: patches, several archives, commits of a git repository."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from tests.end_to_end import toys
from tests.end_to_end.project import Outcome, Project
from tests.native import toylib
from tests.native.test_systems import says

PATCH = """--- a/toylib.c
+++ b/toylib.c
@@ -2,2 +2,2 @@
 #include "toylib.h"
-const char *toylib_root(void) { return ROOT; }
+const char *toylib_root(void) { return "patched " ROOT; }
"""
ADDRESS = "https://git.example.org/toylib.git"


def made(project: Project, prefix: Path, more: str, *, patch: str = "", environ: dict[str, str] | None = None,
         source: str = "") -> Outcome:  # fmt: skip
    """Install toylib by ``make`` with more keys in its recipe."""
    file = toylib.sdist("make")
    project.serve(file)
    text = toylib.recipe(file, toylib.BUILDS["make"][1]) + more
    path = project.recipe("toylib", text.replace("source: {pypi: toylib}", source) if source else text)
    path.with_name("fix.patch").write_text(patch)
    return project.install("toylib", "-p", prefix, environ=environ)


def test_a_patch_is_applied(store: Project, prefix: Path) -> None:
    """And the package is another one: its key has the patch's text."""
    plain = made(store, prefix, "").done()
    keys = {path.name for path in store.built("toylib")}
    made(store, prefix.with_name("b"), "patches: [{file: fix.patch, reason: a test}]\n", patch=PATCH).done()
    assert says(prefix.with_name("b") / "bin/toyprog") == f"patched {prefix.with_name('b')}"
    assert says(prefix / "bin/toyprog") == str(prefix), plain.err
    assert len({path.name for path in store.built("toylib")} - keys) == 1


def test_a_patch_is_left_out_where_its_condition_says_so(store: Project, prefix: Path) -> None:
    """``when`` holds for patches as for everything else."""
    more = 'patches: [{file: fix.patch, reason: a test, when: {version: "<1"}}]\n'
    made(store, prefix, more, patch=PATCH).done()
    assert says(prefix / "bin/toyprog") == str(prefix)


def test_a_patch_that_does_not_apply_is_named_with_its_hunk(store: Project, prefix: Path) -> None:
    """Nothing is built from half a patch."""
    wrong = PATCH.replace("return ROOT;", "return 0;").replace("+const", "+konst")
    done = made(store, prefix, "patches: [{file: fix.patch, reason: a test}]\n", patch=wrong)
    assert done.code != 0
    assert "fix.patch does not apply" in done.err
    assert "Hunk #1 FAILED" in done.err
    assert not prefix.exists()


def test_a_patch_cannot_write_outside_the_source(store: Project, prefix: Path, tmp_path: Path) -> None:
    """A patch of somebody else's recipe is as untrusted as an archive."""
    evil = f"--- /dev/null\n+++ b/../../../../../../..{tmp_path}/evil\n@@ -0,0 +1 @@\n+evil\n"
    done = made(store, prefix, "patches: [{file: fix.patch, reason: a test}]\n", patch=evil)
    assert done.code != 0
    assert not (tmp_path / "evil").exists()


def test_a_missing_patch_is_a_fault_of_the_recipe(store: Project, prefix: Path) -> None:
    """With the file and the line of the recipe that names it."""
    done = made(store, prefix, "patches: [{file: other.patch, reason: a test}]\n")
    assert "recipe.yaml:" in done.err
    assert "patches[0].file" in done.err
    assert "other.patch cannot be read" in done.err


def test_a_second_archive_lies_below_the_first(store: Project, prefix: Path) -> None:
    """As for projects that expect a dependency's source in a folder of theirs."""
    header = '#include "../../toylib.h"\n'
    extra = toys.sdist(
        "toyextra", "2.0", {"toylib.h": header, "toylib.c": toylib.CODE.replace("ROOT", '"extra"')}
    )
    store.serve(extra)
    line = f"{{pypi: toyextra, file: {extra.name}, sha256: {extra.sha256}, folder: extern/toyextra}}"
    file = toylib.sdist("make")
    store.serve(file)
    build = toylib.BUILDS["make"][1] + "\n  before: cp extern/toyextra/toylib.c toylib.c"
    store.recipe("toylib", toylib.recipe(file, build) + f"sources: [{line}]\n")
    store.install("toylib", "-p", prefix).done()
    assert says(prefix / "bin/toyprog") == "extra"


def test_a_commit_of_a_repository(store: Project, prefix: Path, tmp_path: Path) -> None:
    """It is fetched by its name, made into an archive whose hash is checked, and then needed no more."""
    commit, sha256 = repository(tmp_path / "git")
    environ = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{tmp_path}/git.insteadOf",
        "GIT_CONFIG_VALUE_0": ADDRESS,
    }
    release = f'"1.0": {{commit: {commit}, sha256: {sha256}}}'
    file = toylib.sdist("make")
    text = toylib.recipe(file, toylib.BUILDS["make"][1])
    text = text.replace("source: {pypi: toylib}", f"source: {{git: {ADDRESS}}}")
    store.recipe("toylib", text.replace(f'"1.0": {{sha256: {file.sha256}}}', release))
    store.install("toylib", "-p", prefix, environ=environ).done()
    assert says(prefix / "bin/toyprog") == str(prefix)
    # Without the repository: the archive is in the cache.
    store.install("toylib", "-p", prefix, "--rebuild").done()
    store.recipe(
        "toylib", text.replace(f'"1.0": {{sha256: {file.sha256}}}', release.replace(sha256, "a" * 64))
    )
    wrong = store.install("toylib", "-p", prefix.with_name("c"), environ=environ)
    assert f"has sha256 {sha256}, expected {'a' * 64}" in wrong.err
    gone = release.replace(commit, "b" * 40).replace(sha256, "c" * 64)
    store.recipe("toylib", text.replace(f'"1.0": {{sha256: {file.sha256}}}', gone))
    missing = store.install("toylib", "-p", prefix.with_name("d"), environ=environ)
    assert f"{ADDRESS} does not give commit {'b' * 40}" in missing.err


def repository(folder: Path) -> tuple[str, str]:
    """Make a repository with one commit; return its name and the hash of its archive."""
    folder.mkdir()
    for name, text in {**toylib.FILES, **toylib.BUILDS["make"][0]}.items():
        (folder / name).write_text(text)

    def git(*words: str) -> bytes:
        who = ("-c", "user.name=toy", "-c", "user.email=toy@example.org")
        return subprocess.run(
            ["git", "-C", str(folder), *who, *words], check=True, capture_output=True
        ).stdout

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "toy")
    commit = git("rev-parse", "HEAD").decode().strip()
    archive = git("-c", "tar.umask=0022", "archive", "--format=tar", "--prefix=source/", commit)
    return commit, hashlib.sha256(archive).hexdigest()
