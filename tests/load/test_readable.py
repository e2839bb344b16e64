"""A requirement or a version specifier that is none is told when its file is loaded, by every command."""

from __future__ import annotations

from pathlib import Path

import pytest

from pybuild.errors import DocumentError
from pybuild.load.recipes import load_recipe
from pybuild.load.sites import load_site

RECIPE = """\
name: thing
about: {{summary: s, homepage: 'https://example.org', license: MIT}}
source: {{pypi: thing}}
versions: {{"1.0": {{sha256: {sha}, python: "{python}"}}}}
requirements: {{run: ["{run}"], build: ["setuptools", "{build}"]}}
options: {{exe: {{summary: s, versions: "{option}"}}}}
overrides:
  - when: {{version: "{version}", python: "{when}"}}
    requirements: {{run: ["{other}"], virtual: [mpi]}}
"""
GOOD = {
    "sha": "a" * 64, "python": ">=3", "run": "foo >=1", "build": "cython", "option": "<4", "version": "<2",
    "when": "<3.9", "other": "foo",
}  # fmt: skip
SPECIFIER = 'expected a version specifier such as ">=3.8,<3.13"'
REQUIREMENT = 'expected a requirement such as "cython >=3"'


@pytest.mark.parametrize(
    ("part", "text", "told"),
    [
        ("run", "foo >=", f'5: requirements.run[0]: found "foo >=", {REQUIREMENT}'),
        ("build", "cython >=", f'5: requirements.build[1]: found "cython >=", {REQUIREMENT}'),
        ("other", "foo <", f'9: overrides[0].requirements.run[0]: found "foo <", {REQUIREMENT}'),
        ("version", "<abc", f'8: overrides[0].when.version: found "<abc", {SPECIFIER}'),
        ("when", "<abc", f'8: overrides[0].when.python: found "<abc", {SPECIFIER}'),
        ("python", ">=3.8,x", f'4: versions."1.0".python: found ">=3.8,x", {SPECIFIER}'),
        ("option", "<4<", f'6: options.exe.versions: found "<4<", {SPECIFIER}'),
    ],
)
def test_a_recipe_with_a_text_that_is_none(tmp_path: Path, part: str, text: str, told: str) -> None:
    """The error names file, line, key, what was found and what was expected, as lint does."""
    path = tmp_path / "thing" / "recipe.yaml"
    path.parent.mkdir()
    path.write_text(RECIPE.format(**GOOD))
    assert load_recipe(str(path)).name == "thing"
    path.write_text(RECIPE.format(**{**GOOD, part: text}))
    with pytest.raises(DocumentError) as caught:
        load_recipe(str(path))
    assert caught.value.problems == (f"{path}:{told}",)


def test_a_site_with_a_specifier_that_is_none(tmp_path: Path) -> None:
    """Sites have them in the conditions of rules."""
    path = tmp_path / "here.yaml"
    rule = "{name: r, reason: r, source: s, env: {A: b}, when: {python: '<abc'}}"
    path.write_text(f"name: here\nsummary: s\nrules:\n  - {rule}\n")
    with pytest.raises(DocumentError) as caught:
        load_site(str(path))
    assert caught.value.problems == (f'{path}:4: rules[0].when.python: found "<abc", {SPECIFIER}',)
