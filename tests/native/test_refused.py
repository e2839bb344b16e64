"""What a native package may not do, each refused by a sentence before anything reaches channel or prefix."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.end_to_end.project import Project
from tests.native import toylib

SHELL = """system: shell
  script: |
    mkdir -p "$DESTDIR$PREFIX/share"
    {line}"""


def refused(project: Project, prefix: Path, line: str, *, build: str = SHELL, more: str = "") -> str:
    """Let a recipe's lines install something; return what pybuild says."""
    file = toylib.sdist("shell")
    project.serve(file)
    project.recipe("toylib", toylib.recipe(file, build.replace("{line}", line), more=more))
    before = project.built("toylib")
    done = project.install("toylib", "-p", prefix)
    assert done.code != 0
    assert project.built("toylib") == before
    assert not prefix.exists()
    assert "Traceback" not in done.err
    return done.err


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('mkdir "$DESTDIR/etc"; echo x > "$DESTDIR/etc/toy.conf"', "outside its prefix: found /etc/toy.conf"),
        ('pwd > "$DESTDIR$PREFIX/share/where"', "share/where: names "),
        ('false', "the step 'shell' failed with exit code 1"),
        ('no-such-program-anywhere', "the step 'shell' failed with exit code 127"),
        ('cp /bin/true "$DESTDIR$PREFIX/share/python3-copy"; mkdir -p "$DESTDIR$PREFIX/bin"; '
         'cp /bin/true "$DESTDIR$PREFIX/bin/python3"', "it ships bin/python3"),
    ],
    ids=["outside", "stage", "failure", "command", "another's file"],
)  # fmt: skip
def test_a_recipes_lines_may_not(line: str, sentence: str, store: Project, prefix: Path) -> None:
    """Install elsewhere, name the stage, fail unnoticed, or take the place of another package's file."""
    assert sentence in refused(store, prefix, line)


def test_nothing_installed_is_said(store: Project, prefix: Path) -> None:
    """An install command that heeds no DESTDIR leaves nothing to pack."""
    build = "system: shell\n  script: |\n    {line}"
    assert "it installed nothing below $DESTDIR$PREFIX" in refused(store, prefix, "true", build=build)


def test_a_compiled_in_path_of_the_stage_is_found(store: Project, prefix: Path) -> None:
    """Text that a program holds in its loaded segments counts, too; debugging information does not."""
    line = (
        "printf '#include <stdio.h>\\nint main(void) { return puts(W) < 0; }' > w.c; "
        'mkdir -p "$DESTDIR$PREFIX/bin"; gcc -g -DW="\\"$PWD\\"" -o "$DESTDIR$PREFIX/bin/toyprog" "$PWD/w.c"'
    )
    assert "bin/toyprog: names " in refused(store, prefix, line)


def test_debugging_information_and_asserts_may_name_the_stage(store: Project, prefix: Path) -> None:
    """The same program is packed where only its debugging information and its assert name the stage."""
    file = toylib.sdist("shell")
    store.serve(file)
    program = "#include <assert.h>\\nint main(int n, char **w) { assert(n); return 0; }\\n"
    line = (
        f"printf '{program}' > w.c; mkdir -p \"$DESTDIR$PREFIX/bin\"; "
        'gcc -g -o "$DESTDIR$PREFIX/bin/toyprog" "$PWD/w.c"; grep -q "$PWD" "$DESTDIR$PREFIX/bin/toyprog"'
    )
    store.recipe("toylib", toylib.recipe(file, SHELL.replace("{line}", line)))
    store.install("toylib", "-p", prefix).done()


def test_a_listed_file_may_name_the_stage(store: Project, prefix: Path) -> None:
    """build.stage_paths is the way out, file by file."""
    file = toylib.sdist("make")
    store.serve(file)
    build = toylib.BUILDS["make"][1] + '\n  after: pwd > "$STAGED/lib/flags.txt"'
    store.recipe("toylib", toylib.recipe(file, build))
    assert "lib/flags.txt: names " in store.install("toylib", "-p", prefix).err
    store.recipe("toylib", toylib.recipe(file, build + '\n  stage_paths: ["lib/flags.*"]'))
    store.install("toylib", "-p", prefix).done()


def test_a_missing_program_is_named(store: Project, prefix: Path) -> None:
    """A machine without make is told so, and not that a step has failed."""
    store.site("poor", path=str(_without_make(store.root / "few")))
    file = toylib.sdist("make")
    store.serve(file)
    store.recipe("toylib", toylib.recipe(file, toylib.BUILDS["make"][1]))
    done = store.install("toylib", "-p", prefix, "--site", "poor")
    assert "the step 'make' needs the program 'make', which is not on the build's PATH" in done.err
    # And the kept stage knows which command it was, for `recipe debug`.
    notes = [json.loads(path.read_text()) for path in store.cache.glob("stage/toylib-*/stage.json")]
    assert max(notes, key=lambda note: note["seconds"])["argv"][0] == "make"


def _without_make(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    for program in ("gcc", "cc", "sh", "bash", "env", "as", "ld"):
        (folder / program).symlink_to(f"/usr/bin/{program}")
    return folder
