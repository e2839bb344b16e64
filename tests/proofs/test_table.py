"""docs/recipe-table.md is what its generator makes of the recipes and their proofs."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pybuild.load.proofs import write_proof
from tests.proofs.test_lint import RECIPE, WHEEL
from tests.proofs.test_proofs import ROW

ROOT = Path(__file__).parents[2]


def run(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-B", str(script), *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A checkout with three recipes, and the generator in it."""
    for name in ("pybuild", "docs"):
        (tmp_path / name).mkdir()
    (tmp_path / "pybuild").rmdir()
    (tmp_path / "pybuild").symlink_to(ROOT / "pybuild")
    for name, text in (("small", RECIPE), ("other", RECIPE + "unproven: true\n"), ("pure", WHEEL)):
        (tmp_path / "recipes" / name).mkdir(parents=True)
        (tmp_path / f"recipes/{name}/recipe.yaml").write_text(text.replace("small", name))
    write_proof(str(tmp_path / "recipes/small"), replace(ROW, options=()))
    write_proof(str(tmp_path / "recipes/small"), replace(ROW, box=False, date="2026-12-01", level="linked"))
    copy = tmp_path / "docs/make_recipe_table.py"
    copy.write_bytes((ROOT / "docs/make_recipe_table.py").read_bytes())
    return copy


def test_the_table_is_fresh() -> None:
    """Whoever changes a recipe or records a proof writes the table anew."""
    done = run(ROOT / "docs/make_recipe_table.py", "--check")
    assert done.returncode == 0, done.stderr


def test_each_recipe_has_a_row_that_says_how_far_it_is_proven(script: Path) -> None:
    """Versions, options, system, what it asks for, where; last time and level; or that nobody built it."""
    assert run(script).returncode == 0
    text = (script.parent / "recipe-table.md").read_text()
    assert "3 recipes: 2 are built from source, 1 of them proven; 1 are wheels." in text
    small = next(line for line in text.splitlines() if line.startswith("| [small]"))
    assert small == (
        "| [small](../recipes/small/recipe.yaml) | 4.1.2 | exe | python |  | cori, cori (in a box) "
        "| 2026-12-01: 4.1.2, linked |"
    )
    other = next(line for line in text.splitlines() if line.startswith("| [other]"))
    assert other.endswith("| **unproven** |")
    pure = next(line for line in text.splitlines() if line.startswith("| [pure]"))
    assert pure.endswith("| wheel |")
    assert "| small[exe] | 4.1.2 | 3.11.7 | cori | linked | 2026-12-01 | Debian GNU/Linux 12" in text


def test_a_stale_table_is_found_and_mended(script: Path) -> None:
    """A new proof, or a hand in the page, ends the check with 1 and changes nothing; writing mends it."""
    assert run(script, "--check").returncode == 1
    assert run(script).returncode == 0
    page = script.parent / "recipe-table.md"
    right = page.read_text()
    assert run(script, "--check").returncode == 0
    page.write_text(right.replace("linked", "ranked"))
    stale = run(script, "--check")
    assert (stale.returncode, "stale: docs/recipe-table.md" in stale.stderr) == (1, True)
    assert run(script).returncode == 0
    assert page.read_text() == right
    write_proof(str(script.parents[1] / "recipes/small"), replace(ROW, date="2027-01-01"))
    assert run(script, "--check").returncode == 1
