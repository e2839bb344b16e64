"""The check that a recipe says truly whether it was ever built: see :func:`pybuild.load.lint.lint_recipe`."""

from __future__ import annotations

import os
from collections.abc import Iterator

from pybuild.errors import DocumentError
from pybuild.load.lint import Finding
from pybuild.load.proofs import FILE, read_proofs
from pybuild.model.recipe import Recipe


def proven(recipe: Recipe) -> Iterator[Finding]:
    """A recipe has proofs or says that it has none; the proofs are about releases and options that it has."""
    try:
        rows = read_proofs(recipe.directory)
    except DocumentError as error:
        for problem in error.problems:
            yield (), problem.replace(f"{recipe.directory}{os.sep}", "")
        return
    if rows and recipe.unproven:
        last = max(rows, key=lambda row: row.date)
        yield ("unproven",), f"true, but {FILE} has a proof of {last.date}: remove this key"
    # A wheel is not built here, so nothing about building it can be proven.
    if not rows and not recipe.unproven and recipe.build.system != "wheel":
        yield (
            (),
            (
                f"no proof is recorded and it is not marked unproven: "
                f'run "pybuild recipe test {recipe.name} --record", or say "unproven: true"'
            ),
        )
    versions = {release.version for release in recipe.releases}
    options = {option.name for option in recipe.options}
    for row in rows:
        if row.version not in versions:
            yield ("versions",), f"{FILE} has a proof of {row.version}, which is not among them"
        for option in sorted(set(row.options) - options):
            yield ("options",), f"{FILE} has a proof with the option {option}, which the recipe does not have"
