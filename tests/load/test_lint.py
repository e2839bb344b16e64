"""load/lint.py: each slip is found with its line, and nothing shipped has one."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pybuild.load import lint_recipes, lint_site_warnings, lint_sites
from pybuild.load.catalog_lint import lint_everything
from pybuild.load.document import load_document
from pybuild.load.lint import lint_recipe, lint_site
from pybuild.load.places import shipped
from pybuild.load.recipe_record import recipe_of
from pybuild.load.recipes import RecipeTree
from pybuild.load.schema import validate
from pybuild.load.sites import load_site, site_files

A = "a" * 64
GOOD = f"""\
name: small
about: {{summary: s, homepage: "https://example.org", license: BSD-3-Clause}}
source: {{pypi: small}}
versions:
  "2.0": {{sha256: {A}, python: ">=3.8"}}
  "1.0": {{sha256: {A}}}
requirements: {{virtual: [compiler, mpi], build: [setuptools]}}
options: {{exe: {{summary: s, versions: "<2"}}}}
build: {{env: {{MPICC: "${{{{ mpi.cc }}}} ${{{{ mpi.shared }}}}"}}}}
overrides:
  - {{when: {{version: "<2", option: exe}}, build: {{args: [x]}}}}
tests: [{{imports: [small]}}, {{links: {{module: small.m, to: mpi}}}}, {{ranks: 2, python: ranks.py}}]
unproven: true
"""


def lint(tmp_path: Path, old: str = "", new: str = "") -> list[str]:
    """Lint the good recipe with one thing replaced; return ``line: message``."""
    assert old in GOOD
    path = tmp_path / "small" / "recipe.yaml"
    path.parent.mkdir(exist_ok=True)
    (path.parent / "ranks.py").touch()
    path.write_text(GOOD.replace(old, new, 1))
    document = load_document(str(path))
    validate(document, "recipe")
    found = lint_recipe(recipe_of(document))
    assert all(sentence.startswith(f"{path}:") for sentence in found)
    return [sentence.removeprefix(f"{path}:") for sentence in found]


def test_good_recipe_is_clean(tmp_path: Path) -> None:
    """The recipe that the cases below damage has nothing wrong itself."""
    assert lint(tmp_path) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("name: small", "name: big", '1: name: found "big" in the folder "small"'),
        ("pypi: small", 'url: "https://pypi' + '.org/small.tar.gz"', "3: source.url: names an index host"),
        ("pypi: small", 'url: "https://pypi.example.org/a"', "3: source.url: names an index host"),
        ("pypi: small", 'pypi: "https://mirror/simple"', '3: source.pypi: found the address "https://mirror'),
        (
            "pypi: small",
            'url: "https://example.org/${{ prefix }}"',
            '3: source.url: unknown template "prefix"',
        ),
        ("BSD-3-Clause", "BSD", '2: about.license: found "BSD", expected an SPDX name'),
        ("BSD-3-Clause", "New BSD License", '2: about.license: found "New BSD License"'),
        ("BSD-3-Clause", "MIT or later", '2: about.license: found "MIT or later"'),
        ('"1.0":', '"2.1":', '6: versions."2.1": stands below 2.0; versions are sorted newest first'),
        ('"1.0":', '"2.0.0":', '6: versions."2.0.0": stands below 2.0'),
        (">=3.8", ">=3.8,<3.8", '5: versions."2.0".python: ">=3.8,<3.8" matches no Python'),
        (">=3.8", ">=3.8,x", '5: versions."2.0".python: found ">=3.8,x", expected a version specifier'),
        ('versions: "<2"', 'versions: "<1"', '8: options.exe.versions: "<1" matches no version'),
        ('version: "<2"', 'version: "<1"', '11: overrides[0].when.version: "<1" matches no version'),
        (
            'version: "<2"',
            'version: "<x"',
            '11: overrides[0].when.version: found "<x", expected a version spec',
        ),
        ('version: "<2"', 'python: ">4.5"', '11: overrides[0].when.python: ">4.5" matches no Python'),
        (
            "option: exe",
            "option: exf",
            '11: overrides[0].when.option: undeclared option "exf"; declared are exe',
        ),
        ("option: exe", "site: cori", "11: overrides[0]: an override for one site needs a reason"),
        ("[compiler, mpi]", "[compiler, mpi, hdf6]", '7: requirements.virtual[2]: unknown virtual "hdf6"'),
        ("[compiler, mpi]", "[compiler]", '9: build.env.MPICC: "mpi.cc" needs "mpi" in requirements.virtual'),
        ("[setuptools]", '["setuptools >>1"]', '7: requirements.build[0]: found "setuptools >>1"'),
        ("[setuptools]", '["a @ https://x.org/a"]', "expected a name and versions only"),
        ("build: {args: [x]}", "requirements: {run: ['1 2']}", "11: overrides[0].requirements.run[0]: found"),
        ("mpi.cc", "mpi.ccc", '9: build.env.MPICC: "mpi.ccc": mpi has no field "ccc"'),
        ("mpi.cc", "mpicc", '9: build.env.MPICC: unknown template "mpicc"'),
        ("${{ mpi.cc }}", "${mpi.cc}", "9: build.env.MPICC: found"),
        ("args: [x]", "args: ['${{ foo }}']", '11: overrides[0].build.args[0]: unknown template "foo"'),
        ("ranks.py", "other.py", '12: tests[2].python: there is no file "other.py" beside the recipe'),
        ("ranks.py", "pybuild_ranks.py", '12: tests[2].python: "pybuild_ranks.py" is a module of pybuild'),
        ("to: mpi", "to: compiler", '12: tests: needs mpi but no test checks "links'),
        ("ranks: 2, ", "", '12: tests: needs mpi but no test runs "ranks: 2" or more'),
        ("ranks: 2, ", "ranks: 1, ", '12: tests: needs mpi but no test runs "ranks: 2" or more'),
        ("to: mpi", "to: hdf5", '12: tests[1].links.to: "hdf5" is not among requirements.virtual'),
        ("build: {env", "build: {system: wheel, env", '5: versions."2.0": build system wheel needs wheels'),
        (f"sha256: {A}, ", f"wheels: {{small-2.0-py3-none-any.whl: {A}}}, ", "wheels are for build system"),
        (f"sha256: {A}, ", f"wheels: {{small-2.1-py3-none-any.whl: {A}}}, ", "is not a wheel of version 2.0"),
        (
            "build: {env",
            "provides: {mpi: {ccc: x}}\nbuild: {env",
            "9: provides.mpi.ccc: mpi has no such field",
        ),
        ("build: {env", "provides: {mip: {cc: x}}\nbuild: {env", '9: provides.mip: unknown virtual "mip"'),
    ],
)
def test_recipe_slips(tmp_path: Path, old: str, new: str, expected: str) -> None:
    """Each slip is found, with the line of the key it is in."""
    found = lint(tmp_path, old, new)
    assert any(expected in sentence for sentence in found), found


def test_no_tests(tmp_path: Path) -> None:
    """A recipe without any test is told so."""
    found = lint(tmp_path, GOOD[GOOD.index("tests:") : GOOD.index("unproven:")], "")
    assert "1: tests: no tests; at least one import is needed" in found


def test_checks_are_registered() -> None:
    """Every check has a sentence of its own that says what it holds."""
    checks = [*lint_recipes.CHECKS, *lint_sites.CHECKS, *lint_site_warnings.WARNINGS]
    assert len(checks) > 12
    assert all(check.__doc__ for check in checks)


def test_everything_shipped_is_clean(tmp_path: Path) -> None:
    """Every shipped recipe and site lints clean, all of them in two seconds of the processor."""
    start = time.process_time()
    tree = RecipeTree([shipped("recipes")])
    found = lint_everything([shipped("recipes")], str(tmp_path))
    findings = [sentence for problems in found.values() for sentence in problems]
    sites = site_files((shipped("sitecfg"),))
    findings += [sentence for path in sites.values() for sentence in lint_site(load_site(path, sites))]
    assert findings == []
    assert time.process_time() - start < 2
    assert set(os.listdir(shipped("recipes"))) == set(tree.names())
