"""load/lint_recipe_*.py: each check finds what it is for, and leaves alone what is right."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from pybuild.errors import DocumentError
from pybuild.load.catalog_lint import lint_everything
from pybuild.load.lint_recipe_build import USED
from pybuild.model.plan import Download
from pybuild.model.recipe import Build
from pybuild.plan.systems import SYSTEMS, steps_of
from pybuild.plan.systems.common import Material

A = "a" * 64
C = "c" * 40
GOOD = f"""\
name: small
about: {{summary: s, homepage: "https://example.org", license: BSD-3-Clause OR (MIT AND Apache-2.0)}}
source: {{url: "https://example.org/small-${{{{ version }}}}.tar.gz"}}
versions:
  "3.0": {{sha256: {A}, python: ">=3.8"}}
  "2.0": {{sha256: {A}, python: ">=3.8"}}
  "1.0": {{sha256: {A}, python: "<3.8", url: "https://example.org/old.tar.gz"}}
requirements: {{virtual: [compiler, mpi], build: [setuptools]}}
options: {{exe: {{summary: s, versions: "<2"}}}}
sources:
  - {{url: "https://example.org/more-${{{{ version }}}}.zip", sha256: {A}, folder: e, when: {{version: <2}}}}
patches:
  - {{file: fix.patch, reason: r}}
build:
  system: autotools
  folder: src
  args: ["--with=${{{{ mpi.root }}}}"]
  build_args: [all]
  install_args: [install-libs]
  env: {{CC: "${{{{ mpi.cc }}}}"}}
  before: |
    # a comment
    NAME=value
    sed -i "s/a/$NAME/" configure
    cp "$STAGED/../table.txt" .  # table.txt is beside the recipe
  after: make check VERSION=${{{{ version }}}}
overrides:
  - {{when: {{version: "<2", option: exe}}, build: {{args: [x]}}}}
  - {{when: {{version: "<2", python: "<3.7"}}, build: {{system: distutils, build_commands: [[a]]}}}}
  - {{when: {{site: cori}}, reason: r, requirements: {{virtual: []}}}}
provides: {{"hdf5[mpi]": {{root: "${{{{ prefix }}}}", soname: libhdf5}}}}
tests:
  - {{imports: [small]}}
  - {{links: {{module: small.m, to: mpi}}}}
  - {{ranks: 2, python: ranks.py}}
  - {{ranks: 2, command: ["${{{{ prefix }}}}/bin/small", "a/b"]}}
  - {{command: [/usr/bin/true]}}
unproven: true
"""
WHEEL = f"""\
name: small
about: {{summary: s, homepage: "https://example.org", license: MIT}}
source: {{pypi: small}}
versions: {{"1.0": {{wheels: {{small-1.0-py3-none-any.whl: {A}}}}}}}
build: {{system: wheel}}
tests: [{{imports: [small]}}]
"""


def lint(tmp_path: Path, text: str) -> list[str]:
    """Return ``line: message`` of everything wrong with a recipe that has three files beside it."""
    folder = tmp_path / "recipes" / "small"
    folder.mkdir(parents=True)
    for name in ("ranks.py", "fix.patch", "table.txt"):
        (folder / name).touch()
    path = folder / "recipe.yaml"
    path.write_text(text)
    found = lint_everything([str(folder.parent)], str(tmp_path / "cache"))["small"]
    return [problem.replace(f"{path}:", "") for problem in found]


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


def test_the_good_recipe_is_clean(tmp_path: Path) -> None:
    """It uses every key that the cases below put into the wrong place."""
    assert lint(tmp_path, GOOD) == []


def test_the_good_wheel_recipe_is_clean(tmp_path: Path) -> None:
    """But for the files beside it, which a wheel recipe has no use for."""
    found = lint(tmp_path, WHEEL)
    assert [problem.split('"')[1] for problem in found] == ["fix.patch", "ranks.py", "table.txt"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # dead keys
        ("system: autotools", "system: python", "18: build.build_args: build system distutils or python"),
        ("system: autotools", "system: cmake\n  script: x", "build.script: build system cmake or distutils"),
        ("{args: [x]}", "{system: shell, script: x, args: [y]}", "[0].build.args: build system shell does"),
        ("build_commands: [[a]]", "build_args: [a]", "overrides[1].build.build_args: build system distutils"),
        ("options: {", "options: {idle: {summary: s}, ", "9: options.idle: changes nothing: no override"),
        ("build: {args: [x]}", "reason: r", "overrides[0]: changes nothing: it has no requirements, build"),
        # conditions
        ('{version: "<2", option: exe}', '{version: ">=2", option: exe}', "[0].when: never holds: no "),
        ('python: "<3.7"', 'python: ">=3.9"', "[1].when: never holds: no version that it is about works"),
        ('when: {version: <2}}', 'when: {version: <1}}', "sources[0].when.version: "),
        ('when: {version: <2}}', 'when: {version: <1}}', "of this recipe, so the source is dead"),
        ("reason: r}\nbuild", "reason: r, when: {option: exf}}\nbuild", "patches[0].when.option: undeclared"),
        ("reason: r}\nbuild", "reason: r, when: {python: '>=3.8,x'}}\nbuild", "patches[0].when.python: "),
        # addresses
        ("https://example.org/old", "https://me:secret@example.org/old", '"1.0".url: has a user name'),
        ("/small-${{ version }}", "/small", "3: source.url: is the same for 2 versions; expected"),
        ("/small-${{ version }}", "/archive/main/${{ version }}", '3: source.url: "main" names something'),
        ("/old.tar.gz", "/latest/old.tar.gz", '7: versions."1.0".url: "latest" names something'),
        ("https://example.org/more", "https://b.example.org/packages/ab/cd/x", "sources[0].url: names an"),
        ('{url: "https://example.org/more-${{ version }}.zip"', "{pypi: 'https://a', file: a.zip",
         "sources[0].pypi: found the address"),
        ("example.org/more-${{ version }}", "example.org/${{ prefix }}", 'sources[0].url: unknown template'),
        ("example.org/old", "example.org/${{ host }}", '"1.0".url: unknown template "host"'),
        # keys of a release
        ('url: "https://example.org/small-${{ version }}.tar.gz"', 'git: "https://example.org/s.git"',
         'versions."3.0": has no commit, which a git source needs'),
        ('"3.0": {', f'"3.0": {{commit: {C}, ', 'versions."3.0".commit: only a git source looks at it'),
        ('"3.0": {', '"3.0": {file: x.zip, ', 'versions."3.0".file: only source.pypi looks at it'),
        ('"3.0": {', f'"3.0": {{wheels: {{small-3.0-py3-none-any.whl: {A}}}, ', '"3.0".wheels: build system'),
        # bash
        ("make check VERSION=${{ version }}", "|\n    export A='1 2' D\n    # c\n    B=2; # d\n    export C",
         "build.after: only sets"),
        ("make check VERSION=${{ version }}", "|\n    # nothing", "build.after: does nothing"),
        ("$NAME", "${NAME}", '21: build.before: found "${NAME}", expected $NAME; only templates have braces'),
        ("$NAME", "${NAME:-x}", '21: build.before: found "${NAME:-x}", expected $NAME'),
        ("$NAME", "${NAMES[@]}", 'expected set -- and "$@"'),
        ("VERSION=${{ version }}", "VERSION=${{ versio }}", 'build.after: unknown template "versio"'),
        ("make check", "wget -q x", '"wget" fetches bytes without a hash; name them in sources instead'),
        ("make check", "pip install x", '"pip install" fetches bytes without a hash'),
        ("make check", "git  clone x", '"git  clone" fetches bytes without a hash'),
        ("make check", "fetch http://example.org/x", '"http://example.org/x" fetches bytes'),
        ("system: autotools", "system: shell", "build: build system shell needs a script"),
        ("{args: [x]}", "{system: shell}", "overrides[0].build: build system shell needs a script"),
        # licence, versions
        ("BSD-3-Clause OR", "BSD-3-clause OR", 'expected the spelling "BSD-3-Clause OR (MIT AND Apa'),
        ("BSD-3-Clause OR", "BSD3 OR", '2: about.license: found "BSD3 OR (MIT AND Apache-2.0)", exp'),
        ('"3.0":', '"1.5":', '6: versions."2.0": stands below 1.5; versions are sorted newest first'),
        # virtuals
        ("[compiler, mpi]", "[mpi]", "8: requirements.virtual: has mpi without compiler"),
        ("{virtual: []}", "{virtual: [mpi]}", "overrides[2].requirements.virtual: has mpi without compiler"),
        # what stands beside the build
        ("build: [setuptools]}", "build: [setuptools], run: [numpy >=2], host: [numpi]}",
         '8: requirements.host: host has "numpi", expected a name out of run'),
        ("{virtual: []}", "{run: [], host: [numpy]}", '[2].requirements: host has "numpy", expected'),
        # tests
        ('"${{ prefix }}/bin/small"', "/opt/bin/small", '"/opt/bin/small" is a path of one machine'),
        ('"a/b"', "/data/b", 'tests[3].command[1]: "/data/b" is a path of one machine'),
        ('"${{ prefix }}/bin/small"', "mpiexec", "tests[3].command[0]: the site's launcher starts the ranks"),
        ("/bin/small", "/bin/${{ version }}", 'tests[3].command[0]: unknown template "version"'),
        ("[/usr/bin/true]", '["${{ hdf5.root }}"]', 'tests[4].command[0]: "hdf5.root" needs "hdf5"'),
        # files
        ("file: fix.patch", "file: ranks.py", 'nothing in the recipe names the file "fix.patch" beside it'),
        ("table.txt", "table.csv", 'nothing in the recipe names the file "table.txt" beside it'),
        ("fix.patch", "other.patch", "patches[0].file: "),
        # provides
        (", soname: libhdf5", "", "provides.hdf5[mpi]: has no soname, which others ask for"),
        ('root: "${{ prefix }}", ', "", "provides.hdf5[mpi]: has no root, which others ask for"),
        ('"hdf5[mpi]": {root', "mpi: {cc", "provides.mpi: has no mpiexec, which others ask for"),
    ],
)  # fmt: skip
def test_slips(tmp_path: Path, old: str, new: str, expected: str) -> None:
    """Each is told with the place of its key."""
    text = changed(GOOD, old, new)
    if expected.startswith('nothing in the recipe names the file "table.txt"'):
        text = changed(text, "table.txt", "table.csv")
    found = lint(tmp_path, text)
    assert any(expected in problem for problem in found), found


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("{system: wheel}", "{system: wheel, env: {A: b}}", "build.env: build system wheel does not use it"),
        ("{system: wheel}", "{system: wheel, args: [b]}", "build.args: build system wheel does not use it"),
        ("small-1.0-py3", "small-x.y-py3", "is not a wheel of version 1.0"),
        ('{"1.0": {', '{"1.0": {file: x.zip, ', "there is no sha256 of a source that it could be about"),
        ("{system: wheel}", "{system: python}", "wheels are for build system wheel"),
    ],
)
def test_slips_of_wheel_recipes(tmp_path: Path, old: str, new: str, expected: str) -> None:
    """What a recipe that builds nothing cannot have."""
    found = lint(tmp_path, changed(WHEEL, old, new))
    assert any(expected in problem for problem in found), found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # the source is for an override that builds it
        ("{wheels", f"{{sha256: {A}, wheels"),
        # set and used in one go
        ("{system: wheel}", "{system: shell, script: 'A=1 make'}\nunproven: true"),
        ("{system: wheel}", "{system: shell, script: 'A=$(make)'}\nunproven: true"),
        ("{system: wheel}", "{system: shell, script: \"# see http://example.org\\nmake\"}\nunproven: true"),
        ("source: {pypi: small}", "source: {git: 'https://git@example.org/s.git'}"),
    ],
)  # fmt: skip
def test_what_looks_wrong_and_is_right(tmp_path: Path, old: str, new: str) -> None:
    """Checks that cry without need are switched off by people."""
    text = changed(WHEEL, old, new)
    if "system: shell" in text:
        text = text.replace(f"{{wheels: {{small-1.0-py3-none-any.whl: {A}}}}}", f"{{sha256: {A}}}")
    found = [problem for problem in lint(tmp_path, text) if "nothing in the recipe names" not in problem]
    if "git@" in text:
        assert any("user name or password" in problem for problem in found)
    else:
        assert found == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_table_of_used_keys_is_what_the_build_systems_do(system: str) -> None:
    """A key is used if and only if it changes a step; so a new build system cannot forget the table."""
    download = Download(file="x-1-py3-none-any.whl", sha256=A)
    plain = Material(download=download, overlay=(), python="3.11.7", script="make")
    for key in {field.name for field in dataclasses.fields(Build)} & set(Material._fields):
        value: object = (("marker",),) if key.endswith("_commands") else ("marker",)
        if key in ("folder", "before", "after", "script"):
            value = "marker"
        changes = steps_of(system, plain._replace(**{key: value})) != steps_of(system, plain)
        assert changes == (key in USED[system]), key


def test_a_missing_patch_is_an_error_of_the_recipe(tmp_path: Path) -> None:
    """It is told by lint like everything else, with its line."""
    (problem,) = lint(tmp_path, changed(GOOD, "file: fix.patch", "file: absent.patch"))
    assert problem.startswith("13: patches[0].file: ")
    assert "no such file" in problem
    assert issubclass(DocumentError, Exception)
