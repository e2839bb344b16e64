"""load/extend.py: a site made from another has what both say; every problem names the file it stands in."""

from __future__ import annotations

from pathlib import Path

import pytest

from pybuild.errors import DocumentError, PlanError
from pybuild.load.lint import lint_site, site_warnings
from pybuild.load.places import Places
from pybuild.load.sites import choose_site, load_site, named_site
from pybuild.load.virtuals import known_virtuals
from pybuild.model.modules import Operation
from pybuild.model.site import Site

PARENT = """\
name: base
summary: what they share
abstract: true
detect: {env: {BASE: "1"}}
keep_env: [TMPDIR, LM_LICENSE_FILE]
modules:
  tool: lmod
  init: [/base/init]
  families: {PrgEnv: ["PrgEnv-*"], cpu: ["craype-x86-*"]}
virtuals:
  compiler:
    - name: gnu
      where: site
      fields: {cc: cc}
      modules: [{load: PrgEnv-gnu}]
    - name: cray
      where: site
      fields: {cc: craycc}
  mpi:
    - {name: cray-mpich, where: site, fields: {cc: cc, soname: libmpi}}
rules:
  - {name: one, env: {ONE: "1"}, reason: why, source: who}
  - {name: two, env: {TWO: "1"}, reason: why, source: who, review_after: 2020-01-01}
launcher: {ranks: [srun, -n, "${{ ranks }}"], inside: SLURM_JOB_ID}
failures:
  - {pattern: lost, node: login, means: base login, cure: c}
  - {pattern: lost, node: compute, means: base compute, cure: c}
python: {modules: [{module: python/3.9, python: "3.9"}], refuse: [{path: /usr/bin/python, reason: old}]}
file_systems: [{path: /scratch, use: base}]
"""
CHILD = """\
name: hill
extends: base
"""


def write(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.yaml").write_text(text)


def hill(folder: Path, more: str = "", parent: str = PARENT) -> Site:
    """Return a site that extends another, from two real files."""
    write(folder, "base", parent)
    write(folder, "hill", CHILD + more)
    return load_site(str(folder / "hill.yaml"))


def problem(folder: Path, more: str = "", parent: str = PARENT) -> str:
    with pytest.raises(DocumentError) as caught:
        hill(folder, more, parent)
    return caught.value.message.replace(f"{folder}/", "")


def test_everything_that_is_not_said_is_taken_over(tmp_path: Path) -> None:
    """A child of two lines is its parent, but for its name, its being abstract, and how it is detected."""
    site = hill(tmp_path)
    assert (site.name, site.extends, site.abstract, site.detect.env) == ("hill", "base", False, ())
    assert site.summary == "what they share"
    assert site.modules.init == ("/base/init",)
    assert [one.name for one in site.virtuals[0].providers] == ["gnu", "cray"]
    assert [rule.name for rule in site.rules] == ["one", "two"]
    assert site.launcher is not None
    assert site.launcher.inside == "SLURM_JOB_ID"
    assert site.file == str(tmp_path / "hill.yaml")


def test_mappings_merge_and_values_replace(tmp_path: Path) -> None:
    """The child's key wins at every depth; plain lists are replaced whole."""
    more = """\
summary: the hill
keep_env: [TMPDIR]
modules: {init: [/hill/init], families: {cpu: [craype-arm-grace], gpu: ["craype-accel-*"]}}
launcher: {ask: [salloc]}
python: {refuse: []}
"""
    site = hill(tmp_path, more)
    assert (site.summary, site.keep_env) == ("the hill", ("TMPDIR",))
    assert (site.modules.tool, site.modules.init) == ("lmod", ("/hill/init",))
    families = {"PrgEnv": ("PrgEnv-*",), "cpu": ("craype-arm-grace",), "gpu": ("craype-accel-*",)}
    assert dict(site.modules.families) == families
    assert site.launcher is not None
    assert (site.launcher.ranks[0], site.launcher.ask) == ("srun", ("salloc",))
    assert [one.module for one in site.python_modules] == ["python/3.9"]


def test_lists_of_named_things_merge_by_name(tmp_path: Path) -> None:
    """The child's item takes the whole place of the parent's; a bare name keeps it; new ones come after."""
    more = """\
virtuals:
  compiler:
    - {name: amd, where: site, fields: {cc: amdcc}}
    - {name: gnu, where: site, fields: {cc: gcc}}
    - name: cray
  hdf5: [{name: h, where: site, fields: {root: /h, soname: libhdf5}}]
rules: [{name: three, env: {THREE: "1"}, reason: why, source: who},
        {name: two, env: {TWO: "2"}, reason: why, source: who}]
failures: [{pattern: lost, node: compute, means: hill compute, cure: c}]
file_systems: [{path: /home, use: hill}, {path: /scratch, use: hill}]
"""
    site = hill(tmp_path, more)
    compiler, mpi, hdf5 = site.virtuals
    assert [(one.name, dict(one.fields)["cc"]) for one in compiler.providers] == [
        ("gnu", "gcc"), ("cray", "craycc"), ("amd", "amdcc"),
    ]  # fmt: skip
    assert compiler.providers[0].modules == ()
    assert (mpi.name, hdf5.name) == ("mpi", "hdf5")
    assert [rule.env[0] for rule in site.rules] == [("ONE", "1"), ("TWO", "2"), ("THREE", "1")]
    assert [one.means for one in site.failures] == ["base login", "hill compute"]
    assert [(one.path, one.use) for one in site.file_systems] == [("/scratch", "hill"), ("/home", "hill")]


def test_a_problem_names_the_file_it_stands_in(tmp_path: Path) -> None:
    """Each sentence begins with the file and line where somebody wrote what is wrong."""
    assert problem(tmp_path, "lancher: {}\n").startswith(
        'hill.yaml:3: lancher: unknown key; did you mean "lau'
    )
    bad = PARENT.replace("cure: c}\n  -", "care: c}\n  -")
    assert problem(tmp_path, "", bad).startswith("base.yaml:26: failures[0]")
    assert problem(tmp_path, "share: {mode: u=rwX}\n") == "hill.yaml:3: share: root is missing"
    more = 'virtuals: {compiler: [{name: amd}]}\nfailures: [{pattern: "a(", means: m, cure: c}]\n'
    assert problem(tmp_path, more) == "hill.yaml:3: virtuals.compiler[2]: where is missing"
    more = 'summary: s\nfailures: [{pattern: "a(", means: m, cure: c}]\n'
    assert problem(tmp_path, more).startswith('hill.yaml:4: failures[2].pattern: found "a("')
    worse = PARENT.replace("pattern: lost, node: compute", 'pattern: "l(", node: compute')
    assert problem(tmp_path, more, worse).splitlines()[0].startswith("base.yaml:27: failures[1].pattern")


def test_lint_names_the_file_it_stands_in(tmp_path: Path) -> None:
    """The same holds for what lint finds in a record, long after the files were read."""
    site = hill(
        tmp_path, "virtuals: {mip: [{name: a, where: site}]}\nrules: [{name: three, reason: r, source: s}]\n"
    )
    found = [text.replace(f"{tmp_path}/", "") for text in lint_site(site)]
    assert found == [
        f"hill.yaml:3: virtuals.mip: unknown virtual; known are {known_virtuals()}",
        'hill.yaml:4: rules[2]: the rule "three" does nothing',
    ]
    (warned,) = [text for text in site_warnings(site, today="2026-11-22", recipes=()) if "looked at" in text]
    assert warned.startswith(f"{tmp_path}/base.yaml:23: warning: rules[1].review_after")


def test_the_text_holds_both_files(tmp_path: Path) -> None:
    """What is kept for the record says all that was used, even where the child begins with dashes."""
    write(tmp_path, "base", PARENT)
    write(tmp_path, "hill", f"--- # /nowhere\n{CHILD}rules: [{{name: x, reason: r, source: s}}]\n")
    site = load_site(str(tmp_path / "hill.yaml"))
    assert PARENT in site.text
    assert CHILD in site.text
    assert [text.rpartition("/")[2] for text in lint_site(site)] == [
        'hill.yaml:4: rules[2]: the rule "x" does nothing'
    ]


def test_what_cannot_be_extended(tmp_path: Path) -> None:
    """Nobody, oneself, one that extends another, one that extends this one: each has its own sentence."""
    write(tmp_path, "grand", PARENT.replace("name: base", "name: grand"))
    say = CHILD.replace("extends: base", "extends: {}").format

    def told(name: str, base: str = PARENT) -> str:
        write(tmp_path, "base", base)
        write(tmp_path, "hill", say(name))
        with pytest.raises(DocumentError) as caught:
            load_site(str(tmp_path / "hill.yaml"))
        return caught.value.message.replace(f"{tmp_path}/", "")

    assert told("bas") == 'hill.yaml:2: extends: there is no site "bas"; did you mean base?'
    assert told("hill") == "hill.yaml:2: extends: a site cannot extend itself"
    second = PARENT.replace("summary", "extends: grand\nsummary")
    assert told("base", second) == (
        'hill.yaml:2: extends: "base" extends "grand" itself; only a site that stands alone can be extended'
    )
    assert told("base", second.replace("extends: grand", "extends: hill")) == (
        'hill.yaml:2: extends: "base" extends "hill" in turn; one of the two must stand alone'
    )
    assert told("base", "name: base\n") == "base.yaml:1: summary is missing"
    assert told("base", "name: other\nsummary: s\n").startswith(
        'base.yaml:1: name: found "other" in the file'
    )


def test_a_site_of_pybuild_can_be_extended_from_anywhere(tmp_path: Path) -> None:
    """What is not beside the file is looked for among the sites that come with pybuild."""
    write(tmp_path, "desk", "name: desk\nextends: generic\nverify: linked\n")
    site = load_site(str(tmp_path / "desk.yaml"))
    assert (site.verify, [virtual.name for virtual in site.virtuals][:2]) == ("linked", ["compiler", "mpi"])


def test_an_abstract_site_is_shown_but_never_chosen(tmp_path: Path) -> None:
    """No environment makes a machine of it, and naming it is an error with a way out."""
    hill(tmp_path)
    write(tmp_path, "generic", "name: generic\nsummary: any\n")
    places = Places(recipes=(), sites=(str(tmp_path),), channel="/c", cache="/k")
    assert choose_site(None, places, {"BASE": "1"}).name == "generic"
    with pytest.raises(PlanError, match="the site base is abstract") as caught:
        choose_site("base", places, {})
    assert caught.value.hint == "pybuild site list shows the sites of machines"
    assert named_site("base", places).virtuals[0].providers[0].modules == (
        Operation(kind="load", module="PrgEnv-gnu"),
    )
