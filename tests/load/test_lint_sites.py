"""load/lint.py on sites: each slip is found with its line, and what is only worth a look is a warning."""

from __future__ import annotations

from pathlib import Path

import pytest

from pybuild.load.document import parse_document
from pybuild.load.lint import lint_site, site_warnings
from pybuild.load.samples import common_name
from pybuild.load.schema import validate
from pybuild.load.site_parts import recalled
from pybuild.load.site_record import site_of
from pybuild.load.sites import load_site
from pybuild.model.site import Site

SITE = """\
name: here
summary: s
keep_env: [TMPDIR]
nodes:
  login: {hostname: "login[0-9]+"}
  compute: {hostname: "nid[0-9]{5}"}
modules:
  tool: tcl
  init: [/etc/modules.sh]
  baseline: [PrgEnv-intel, craype-haswell, craype-hugepages2M]
  families: {PrgEnv: ["PrgEnv-*"], cpu: [craype-haswell, craype-mic-knl]}
targets:
  - {name: haswell, summary: s, modules: [{choose: {family: cpu, module: craype-haswell}}], source: who}
  - name: knl
    summary: s
    fields: {mpi: {shared: -shared}}
    env: {A: "${{ env.B }} ${{ prefix }}"}
    source: who
virtuals:
  compiler:
    - name: gnu
      where: site
      modules: [{choose: {family: PrgEnv, module: PrgEnv-gnu}}]
      fields: {cc: cc}
      source: who
    - {name: intel, where: site, fields: {cc: cc}, source: who}
  mpi:
    - {name: a, where: path, programs: {cc: [mpicc]}, fields: {soname: libmpi}, source: who}
    - {name: b, where: recipe, recipe: mpich, source: who}
  hdf5[mpi]:
    - name: cray
      where: site
      modules: [{load: cray-hdf5-parallel}]
      fields: {root: "${{ env.HDF5_DIR }}", soname: libhdf5}
      identity: "hdf5 ${{ env.V }}"
      source: who
rules:
  - name: r
    when: {virtual: mpi, provider: {compiler: gnu}, target: knl, recipe: mpi4py, python: ">=3.8"}
    env: {A: "${{ mpi.cc }} ${{ jobs }}"}
    modules: [{unload: "craype-hugepages*"}, {swap: {old: craype-haswell, new: craype-mic-knl}}]
    forbid: ["craype-hugepages*"]
    reason: why
    source: who
    since: 2026-01-01
    review_after: 2027-02-01
libraries: {refuse: [{name: libhugetlbfs, reason: why, rule: r}]}
python:
  modules: [{module: python/3.7-anaconda, python: "3.7", source: who}]
  refuse: [{path: "/usr/bin/python*", reason: why, source: who}]
launcher:
  ranks: ["${{ mpi.mpiexec }}", "${{ ranks }}"]
  ask: [salloc]
  submit: [sbatch]
  directives: ["#SBATCH -N 1"]
  source: who
failures: [{pattern: "a+", node: login, means: m, cure: c}, {pattern: "a+", node: compute, means: n, cure: c}]
file_systems: [{path: /scratch, use: jobs, source: who}]
"""


def site(*changes: tuple[str, str], file: str = "/s/here.yaml") -> Site:
    """Return the good site with each text replaced once."""
    text = SITE
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    document = parse_document(file, text)
    validate(document, "site")
    return site_of(document)


def errors(*changes: tuple[str, str]) -> list[str]:
    found = lint_site(site(*changes))
    return [sentence.removeprefix("/s/here.yaml:") for sentence in found]


def warnings(*changes: tuple[str, str], today: str = "2026-11-22") -> list[str]:
    found = site_warnings(site(*changes), today=today, recipes=("mpi4py",))
    return [sentence.removeprefix("/s/here.yaml:") for sentence in found]


def line_of(text: str) -> int:
    return SITE[: SITE.index(text)].count("\n") + 1


def test_the_good_site_is_clean() -> None:
    """The site that the cases below damage has nothing wrong itself, and nothing to warn of."""
    assert errors() == []
    assert warnings() == []


SLIPS = [
    ("name: here", "name: there", 'name: found "there" in the file "here.yaml"'),
    ("[TMPDIR]", "[HOME]", "keep_env[0]: HOME makes builds depend on the user's environment"),
    # patterns and nodes
    ('"login[0-9]+"', '"login[0-9+"', 'nodes.login.hostname: found "login[0-9+", expected a regular'),
    ('"login[0-9]+"', '"[a-z]+[0-9]+"', 'nodes.login.hostname: "[a-z]+[0-9]+" matches nid00000, and so does'),
    ('"nid[0-9]{5}"', '"(login|nid)[0-9]{5}"', 'nodes.login.hostname: "login[0-9]+" matches login00000'),
    ('pattern: "a+", node: compute', 'pattern: "a(", node: compute', "failures[1].pattern: found"),
    # things that stand twice
    ("node: compute, means", "node: login, means", 'failures[1].pattern: "a+" stands twice'),
    ("name: b", "name: a", 'virtuals.mpi[1].name: "a" stands twice'),
    ("name: knl", "name: haswell", 'targets[1].name: "haswell" stands twice'),
    (
        "craype-haswell, craype-hugepages2M]",
        "PrgEnv-intel]",
        'modules.baseline[1]: "PrgEnv-intel" stands twi',
    ),
    # providers
    (
        "  mpi:\n",
        "  mip:\n",
        "virtuals.mip: unknown virtual; known are blas, compiler, fftw, fftw[mpi], hdf5",
    ),
    ("where: recipe, recipe: mpich", "where: recipe", 'virtuals.mpi[1]: the key recipe and "where: recipe"'),
    (", programs: {cc: [mpicc]}", "", 'virtuals.mpi[0]: programs are needed for "where: path"'),
    ("{cc: [mpicc]}", "{mpicc: [mpicc]}", "virtuals.mpi[0].programs.mpicc: mpi has no such field"),
    (
        "site, fields: {cc: cc}, ",
        "site, ",
        'virtuals.compiler[1]: "where: site" takes the fields as they sta',
    ),
    (", fields: {soname: libmpi}", "", "virtuals.mpi[0]: has no soname in its fields"),
    (", soname: libhdf5}", "}", "virtuals.hdf5[mpi][0]: has no soname in its fields"),
    (
        "{name: b, where",
        "{identity: x, name: b, where",
        'virtuals.mpi[1].identity: identity counts for "wher',
    ),
    # targets
    ("{mpi: {shared: -shared}}", "{mip: {shared: x}}", "targets[1].fields.mip: unknown virtual"),
    ("{mpi: {shared: -shared}}", "{mpi: {shred: x}}", "targets[1].fields.mpi.shred: mpi has no such field"),
    # templates
    ("${{ env.B }}", "${{ env.B-C }}", 'targets[1].env.A: unknown template "env.B-C"'),
    (
        "shared: -shared",
        'shared: "${{ mpi.cc }}"',
        'targets[1].fields.mpi.shared: "mpi.cc" is not filled in he',
    ),
    ('"${{ env.HDF5_DIR }}"', '"${HDF5_DIR}"', 'virtuals.hdf5[mpi][0].fields.root: found "${HDF5_DIR}"'),
    ('"hdf5 ${{ env.V }}"', '"${{ prefix }}"', 'virtuals.hdf5[mpi][0].identity: unknown template "prefix"'),
    ("${{ mpi.cc }}", "${{ mpi.ccc }}", 'rules[0].env.A: unknown template "mpi.ccc"'),
    (', "${{ ranks }}"', "", "launcher.ranks: never says ${{ ranks }}"),
    ("mpi.mpiexec", "mpi.mpirun", 'launcher.ranks[0]: unknown template "mpi.mpirun"'),
    ("mpi.mpiexec", "hdf5.root", ""),
    ("mpi.mpiexec", "env.HOME", 'launcher.ranks[0]: "env.HOME" is not known here'),
    ("${{ ranks }}", "${ranks}", "launcher.ranks[1]: found"),
    ("tool: tcl", 'tool: tcl\n  env: {A: "${{ mpi.cc }}"}', 'modules.env.A: "mpi.cc" is not filled in here'),
    # modules
    ("tool: tcl", "tool: none", "modules.baseline: the module tool is none, so this is never used"),
    (
        "tool: tcl",
        "tool: none",
        'rules[0].modules[0]: "unload" needs a module tool, and modules.tool is none',
    ),
    ("  init: [/etc/modules.sh]\n", "", "modules: the tool tcl needs init"),
    (
        "family: cpu,",
        "family: gpu,",
        'targets[0].modules[0].choose.family: the site has no family "gpu"; its ',
    ),
    (
        "module: PrgEnv-gnu",
        "module: gcc",
        '.modules[0].choose.module: "gcc" is no member of the family PrgEnv',
    ),
    (
        "craype-haswell, craype-hug",
        "craype-haswell, craype-mic-knl, craype-hug",
        "modules.baseline: loads crayp",
    ),
    (
        'forbid: ["craype-hugepages*"]',
        'forbid: ["PrgEnv-g*"]',
        'rules[0].forbid[0]: "PrgEnv-g*" forbids PrgE',
    ),
    ('forbid: ["craype-hugepages*"]', 'forbid: ["cray-hdf5*"]', "which the provider cray of hdf5[mpi] loads"),
    ('forbid: ["craype-hugepages*"]', 'forbid: ["craype-mic*"]', "which the rule itself loads"),
    (
        '[{unload: "craype-hugepages*"}, ',
        "[",
        "forbids craype-hugepages2M, which the baseline loads and nothin",
    ),
    # rules
    ("reason: why\n", "reason: ' '\n", "rules[0].reason: a rule needs a reason"),
    ("source: who\n    since", "source: ' '\n    since", "rules[0].source: a rule needs a source"),
    ("2027-02-01", "2027-02-30", 'rules[0].review_after: found "2027-02-30", expected a date'),
    ("2026-01-01", "2026-13-01", 'rules[0].since: found "2026-13-01", expected a date'),
    (
        "2026-01-01",
        "2028-01-01",
        "rules[0].review_after: found 2027-02-01, which is before the rule holds (s",
    ),
    ("virtual: mpi, p", "virtual: mip, p", 'rules[0].when.virtual: unknown virtual "mip"'),
    ("virtual: mpi, p", "virtual: hdf5, p", ""),
    (
        "{compiler: gnu}",
        "{compiler: gun}",
        "rules[0].when.provider.compiler: can never hold: the site has no",
    ),
    ("{compiler: gnu}", "{compilr: gnu}", "rules[0].when.provider.compilr: unknown virtual"),
    ("target: knl", "target: knc", 'rules[0].when.target: can never hold: the site has no target "knc"'),
    (
        'python: ">=3.8"',
        'python: ">=3.8,<3.8"',
        'rules[0].when.python: can never hold: ">=3.8,<3.8" matches no',
    ),
    ('python: ">=3.8"', 'python: "3.8"', 'rules[0].when.python: found "3.8", expected a version specifier'),
    ("rule: r", "rule: rr", 'libraries.refuse[0].rule: the site has no rule "rr"; its rules are r'),
]


@pytest.mark.parametrize(("old", "new", "expected"), SLIPS)
def test_slips(old: str, new: str, expected: str) -> None:
    """Each slip of a site is found, with the line of the key it is in; two cases are none."""
    found = errors((old, new))
    if not expected:
        assert found == []
    else:
        assert any(expected in sentence for sentence in found), found


def test_the_line_is_that_of_the_key() -> None:
    """A slip in the last rule is told with the line on which it stands."""
    assert errors(("2027-02-01", "2027-02-30")) == [
        f'{line_of("review_after")}: rules[0].review_after: found "2027-02-30", expected a date such as '
        "2027-02-01"
    ]


def test_a_virtual_without_providers_makes_a_rule_dead() -> None:
    """A rule for HDF5 at a site that has none can never hold."""
    text = SITE[SITE.index("  hdf5[mpi]:") : SITE.index("rules:")]
    found = errors((text, ""), ("virtual: mpi, p", "virtual: hdf5, p"))
    assert "rules[0].when.virtual: can never hold: the site has no provider of hdf5" in found[0]


def test_a_rule_that_does_nothing() -> None:
    """A rule without operation, variable or ban is told so."""
    body = SITE[SITE.index('    env: {A: "${{ mpi.cc') : SITE.index("    reason: why\n    source")]
    assert 'rules[0]: the rule "r" does nothing' in errors((body, ""))[0]


def test_forbidding_what_another_provider_loads_is_fine() -> None:
    """A rule that acts with gnu alone may forbid what only intel loads."""
    with_module = ("{name: intel, where: site, ", "{name: intel, where: site, modules: [{load: mkl}], ")
    ban = ('forbid: ["craype-hugepages*"]', "forbid: [mkl]")
    assert errors(with_module, ban) == []
    assert "intel of compiler loads" in errors(with_module, ban, (", provider: {compiler: gnu}", ""))[0]


def test_ranked_needs_a_launcher() -> None:
    """A site that demands ranked verification says how ranks are started; an abstract one need not."""
    launcher = (SITE[SITE.index("launcher:") : SITE.index("failures:")], "")
    assert "verify: ranked needs a launcher" in errors(launcher)[0]
    assert errors(launcher, ("summary: s", "summary: s\nabstract: true")) == []


WARNED = [
    ("2027-02-01", "2026-11-22", 'rules[0].review_after: the rule "r" was to be looked at again'),
    ("recipe: mpi4py", "recipe: mpi4pi", 'rules[0].when.recipe: there is no recipe "mpi4pi"'),
    ("craype-mic-knl]}", 'craype-mic-knl], gpu: ["gpu-*"]}', "modules.families.gpu: no module of it"),
    ("old: craype-haswell", "old: cce", "rules[0].modules[1].swap.old: cce is not in the baseline"),
    ("  ask: [salloc]\n", "", "launcher: has no ask, so nothing can be proven on a compute node"),
    ("  submit: [sbatch]\n", "", "launcher: has no submit"),
    ('python: "3.7"', 'python: "3.6"', "python.modules[0].python: found 3.6, but the module is called"),
    ("fields: {cc: cc}, source: who}", "fields: {cc: cc}}", "virtuals.compiler[1]: has no source"),
    ("use: jobs, source: who", "use: jobs", "file_systems[0]: has no source: who says so, and when?"),
    ("}], source: who}\n  - name: knl", "}]}\n  - name: knl", "targets[0]: has no source"),
    ('#SBATCH -N 1"]\n  source: who', '#SBATCH -N 1"]', "launcher: has no source"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), WARNED)
def test_warnings(old: str, new: str, expected: str) -> None:
    """What is only worth a look is no error, and is told with its line and the word warning."""
    assert errors((old, new)) == []
    found = warnings((old, new))
    assert len(found) == 1, found
    assert f": warning: {expected}" in found[0]


def test_review_depends_on_the_day_it_is_told() -> None:
    """The day before, nothing; on the day and ever after, a warning with the date."""
    assert warnings(today="2027-01-31") == []
    assert "2027-02-01" in warnings(today="2027-02-01")[0]
    assert "2027-02-01" in warnings(today="2031-01-01")[0]


def test_a_provider_of_ours_needs_no_source() -> None:
    """A recipe says nothing about the machine; a provider of the machine itself does."""
    ours = ("cc: cc}, source: who}", "cc: cc}, source: who}\n    - {name: gcc, where: recipe}")
    assert [line for line in warnings(ours) if "source" in line] == []


def test_recalled_is_a_source_and_is_counted() -> None:
    """What is said to be only remembered needs no source, and stands in the list of such things."""
    change = ("fields: {cc: cc}, source: who}", "fields: {cc: cc}, recalled: all of it}")
    assert warnings(change) == []
    assert recalled(site(change)) == (("virtuals.compiler[1]", "all of it"),)


def test_generic_needs_no_sources() -> None:
    """The site that is about no machine in particular says what every machine's manual says."""
    file = Path(__file__).parents[2] / "sitecfg" / "generic.yaml"
    assert site_warnings(load_site(str(file)), today="2026-11-22", recipes=()) == ()


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("cori[0-9]+", "nid[0-9]{5}", None),
        (r"login\d+\.frontier", "login1.frontier", "login1.frontier"),
        ("(uan|ln)0[1-4]", "nid.*|ln0[2-9]", "ln04"),
        ("", "nid[0-9]", "nid0"),
        ("a(?=b)", "a.*", None),
    ],
)
def test_names_that_two_patterns_share(one: str, other: str, expected: str | None) -> None:
    """A shared name is found in either order; a pattern that is not understood gives none."""
    assert common_name(one, other) == expected
    assert (common_name(other, one) is None) == (expected is None)
