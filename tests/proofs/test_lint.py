"""lint: a recipe says truly whether it was ever built."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pybuild.load.lint import lint_recipe
from pybuild.load.proofs import write_proof
from pybuild.load.recipes import load_recipe
from tests.proofs.test_proofs import ROW

RECIPE = f"""\
name: small
about: {{summary: s, homepage: "https://example.org", license: BSD-3-Clause}}
source: {{pypi: small}}
versions: {{"4.1.2": {{sha256: {"a" * 64}}}}}
options: {{exe: {{summary: prints more}}}}
overrides: [{{when: {{option: exe}}, build: {{args: [x]}}}}]
tests: [{{imports: [small]}}]
"""
WHEEL = f"""\
name: small
about: {{summary: s, homepage: "https://example.org", license: BSD-3-Clause}}
source: {{pypi: small}}
versions: {{"4.1.2": {{wheels: {{small-4.1.2-py3-none-any.whl: {"a" * 64}}}}}}}
build: {{system: wheel}}
tests: [{{imports: [small]}}]
"""
NONE = (
    '1: no proof is recorded and it is not marked unproven: run "pybuild recipe test small --record", '
    'or say "unproven: true"'
)


def lint(folder: Path, text: str) -> list[str]:
    (folder / "recipe.yaml").write_text(text)
    found = lint_recipe(load_recipe(str(folder / "recipe.yaml")))
    return [sentence.removeprefix(f"{folder}/recipe.yaml:") for sentence in found]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small").mkdir()
    return tmp_path / "small"


def test_neither_proof_nor_mark_is_an_error(folder: Path) -> None:
    """Until one of the two is there; a wheel is not built, so there is nothing to prove."""
    assert lint(folder, RECIPE) == [NONE]
    assert lint(folder, RECIPE + "unproven: true\n") == []
    assert lint(folder, WHEEL) == []
    write_proof(str(folder), ROW)
    assert lint(folder, RECIPE) == []


def test_a_mark_beside_a_proof_is_an_error(folder: Path) -> None:
    """The line is that of the mark."""
    write_proof(str(folder), ROW)
    found = lint(folder, RECIPE + "unproven: true\n")
    assert found == ["8: unproven: true, but proof.yaml has a proof of 2026-11-22: remove this key"]


def test_a_proof_of_what_the_recipe_does_not_have_is_an_error(folder: Path) -> None:
    """A release or an option that was taken out."""
    write_proof(str(folder), replace(ROW, version="4.0.0", options=("fast",)))
    assert lint(folder, RECIPE) == [
        "4: versions: proof.yaml has a proof of 4.0.0, which is not among them",
        "5: options: proof.yaml has a proof with the option fast, which the recipe does not have",
    ]


def test_a_wrong_file_of_proofs_is_told(folder: Path) -> None:
    """With its own line and key."""
    write_proof(str(folder), ROW)
    file = folder / "proof.yaml"
    file.write_text(file.read_text().replace('"ranked"', '"perfect"'))
    (found,) = lint(folder, RECIPE)
    assert "proof.yaml:" in found
    assert "level" in found
