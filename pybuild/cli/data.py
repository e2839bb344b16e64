"""Commands on recipes: ``recipe list|show|lint``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict

from pybuild.cli.settings import places_of
from pybuild.cli.text import columns, paint, put, say
from pybuild.errors import DocumentError
from pybuild.load.recipes import RecipeTree
from pybuild.model.recipe import Recipe


def recipe_list(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """List the names of all recipes; no recipe is opened."""
    names = RecipeTree(places_of(arguments, environ).recipes).names()
    return _list(names, arguments)


def recipe_show(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Show one recipe."""
    recipe = RecipeTree(places_of(arguments, environ).recipes).get(arguments.name)
    if arguments.json:
        put(json.dumps(asdict(recipe), indent=1, default=str))
        return 0
    for line in columns(_recipe_rows(recipe)):
        put(line)
    return 0


def recipe_lint(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Check recipes, and all sites where no recipe is named; every problem is printed."""
    from pybuild.load.lint import lint_recipe, lint_site
    from pybuild.load.sites import load_site, site_files

    places = places_of(arguments, environ)
    tree = RecipeTree(places.recipes)
    problems: list[str] = []
    names = tuple(arguments.names) or tree.names()
    for name in names:
        try:
            problems += lint_recipe(tree.get(name))
        except DocumentError as error:
            problems += error.problems
    files = site_files(places.sites)
    for path in () if arguments.names else files.values():
        try:
            problems += lint_site(load_site(path, files))
        except DocumentError as error:
            problems += error.problems
    problems = list(dict.fromkeys(problems))  # what several sites extend is told once
    if arguments.json:
        put(json.dumps(problems))
    for problem in () if arguments.json else problems:
        put(problem)
    if problems:
        return int(DocumentError.code)
    say(f"{paint('done:', 'green')} {len(names)} recipes, no problem")
    return 0


def _list(names: Iterable[str], arguments: argparse.Namespace) -> int:
    if arguments.json:
        put(json.dumps(list(names)))
    else:
        for name in names:
            put(name)
    return 0


def _recipe_rows(recipe: Recipe) -> list[tuple[str, str]]:
    rows = [
        ("name", recipe.name + (paint("  (unproven)", "yellow") if recipe.unproven else "")),
        ("summary", recipe.about.summary),
        ("homepage", recipe.about.homepage),
        ("license", recipe.about.license),
        ("build", recipe.build.system),
        ("asks for", ", ".join(recipe.requirements.virtual)),
        ("provides", ", ".join(provides.virtual for provides in recipe.provides)),
    ]
    rows += [
        (f"[{o.name}]", o.summary + (f" (versions {o.versions})" if o.versions else ""))
        for o in recipe.options
    ]
    rows += [(r.version, f"Python {r.python}" if r.python else "any Python") for r in recipe.releases]
    return [(label, text) for label, text in rows if text]
