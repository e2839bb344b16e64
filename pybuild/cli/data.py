"""Commands on recipes: ``recipe list|show|lint``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from pybuild.cli.settings import places_of
from pybuild.cli.text import columns, paint, put, say
from pybuild.errors import DocumentError
from pybuild.load.places import Places
from pybuild.load.recipes import RecipeTree
from pybuild.model.recipe import Condition, Recipe


def recipe_list(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """List the names of all recipes; no recipe is opened, with ``--long`` only those that have changed."""
    places = places_of(arguments, environ)
    if arguments.site:
        from pybuild.load.sites import demand_site

        demand_site(arguments.site, places)
    if not arguments.long:
        return _list(RecipeTree(places.recipes).names(), arguments)
    from pybuild.load.catalog import Catalog

    catalog = Catalog(places.recipes, places.cache)
    entries = [entry for name in catalog.names() if (entry := catalog.get(name)) is not None]
    if arguments.json:
        put(json.dumps([entry._asdict() for entry in entries]))
        return 0
    rows = [
        (
            e.name,
            e.versions[0] if e.versions else "",
            "unproven" if e.unproven else "",
            e.summary or e.problem,
        )
        for e in entries
    ]
    for line in columns(rows):
        put(line)
    return 0


def recipe_show(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Show one recipe."""
    recipe = RecipeTree(places_of(arguments, environ).recipes).get(arguments.name)
    if arguments.json:
        put(json.dumps(asdict(recipe), indent=1, default=str))
        return 0
    for line in columns(_recipe_rows(recipe)):
        put(line)
    return 0


def _needs(rows: Sequence[str]) -> str:
    return ", ".join(rows)


def _when(condition: Condition) -> str:
    """Return when an override applies: ``version <3, Python ==3.8.*``."""
    words = (("", condition.version), ("Python ", condition.python), ("site ", condition.site))
    found = [f"{word}{value}" for word, value in words if value]
    return ", ".join([*found, *([f"[{condition.option}]"] if condition.option else [])])


def recipe_lint(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Check recipes, and all sites where no recipe is named; every problem is printed."""
    places = places_of(arguments, environ)
    if arguments.names:
        number, problems = _lint_named(arguments.names, RecipeTree(places.recipes))
    else:
        number, problems = _lint_all(places)
    problems = list(dict.fromkeys(problems))  # what several sites extend is told once
    if arguments.json:
        put(json.dumps(problems))
    for problem in () if arguments.json else problems:
        put(problem)
    if problems:
        return int(DocumentError.code)
    say(f"{paint('done:', 'green')} {number} recipe{'' if number == 1 else 's'}, no problem")
    return 0


def _lint_named(names: Sequence[str], tree: RecipeTree) -> tuple[int, list[str]]:
    """Check recipes; what was found before is not asked."""
    from pybuild.load.lint import lint_recipe

    problems: list[str] = []
    for name in names:
        try:
            problems += lint_recipe(tree.get(name))
        except DocumentError as error:
            problems += error.problems
    return len(names), problems


def _lint_all(places: Places) -> tuple[int, list[str]]:
    """Check every recipe, as far as it was not checked as it is, and every site."""
    from pybuild.load.catalog_lint import lint_everything
    from pybuild.load.lint import lint_site
    from pybuild.load.sites import load_site, site_files

    found = lint_everything(places.recipes, places.cache)
    problems = [problem for name in sorted(found) for problem in found[name]]
    files = site_files(places.sites)
    for path in files.values():
        try:
            problems += lint_site(load_site(path, files))
        except DocumentError as error:
            problems += error.problems
    return len(found), problems


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
        ("needs", _needs(recipe.requirements.run)),
        ("to build", _needs(recipe.requirements.build)),
        ("provides", ", ".join(provides.virtual for provides in recipe.provides)),
    ]
    rows += [
        (f"[{o.name}]", o.summary + (f" (versions {o.versions})" if o.versions else ""))
        for o in recipe.options
    ]
    rows += [
        (f"{label}, {_when(one.when)}", _needs(dict(one.requirements)[key]))
        for one in recipe.overrides
        for key, label in (("run", "needs"), ("build", "to build"))
        if one.requirements is not None and key in dict(one.requirements)
    ]
    rows += [(r.version, f"Python {r.python}" if r.python else "any Python") for r in recipe.releases]
    return [(label, text) for label, text in rows if text]
