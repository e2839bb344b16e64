"""The command ``recipe new``: drafts a recipe from the index or from an archive's address."""

from __future__ import annotations

import json
import os
from pathlib import Path

from pybuild.cli.progress import Screen
from pybuild.cli.settings import places_of
from pybuild.cli.text import paint, put, say
from pybuild.errors import DocumentError, ExitCode, FetchError, PlanError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from pybuild.authoring.drafting import Outcome
    from pybuild.load.recipes import RecipeTree


def recipe_new(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Write the draft of a recipe, with ``--needs`` also of what it needs; print the files' paths.

    Raises:
        UsageError: less than one version is asked for.
        PybuildError: of the draft that was asked for; those of what it needs are told at the end.
    """
    from pybuild.authoring.drafting import Drafting
    from pybuild.authoring.place import folder_of
    from pybuild.load.recipes import RecipeTree

    if arguments.count < 1:
        raise UsageError(f"--versions: found {arguments.count}, expected at least 1")
    folder = folder_of(arguments.recipes, os.getcwd())
    places = places_of(arguments, environ, made=folder)
    tree = RecipeTree((folder, *places.recipes))
    known = tree.names()
    with (
        Screen() as screen,
        Drafting(environ, Path(places.cache), folder, known, screen, offline=places.offline) as drafting,
    ):
        form = "wheel" if arguments.wheel else "source" if arguments.source else ""
        outcome = drafting.begin(arguments.what, form, arguments.count)
        if arguments.needs:
            drafting.follow(outcome)
    _tell(drafting.outcomes, arguments)
    missing = drafting.missing()
    if missing and not arguments.json:
        say(f"it needs recipes that are not there yet: {', '.join(missing)}")
        say(
            f"{paint('hint:', 'cyan')} pybuild recipe new NAME for each, or recipe new --needs from the start"
        )
    for name, wanted in () if arguments.json else _unmet(drafting.outcomes, tree):
        say(f"it needs {name} {wanted}, and the recipe of {name} has no such version")
        add = f"pybuild recipe checksum {name} --add VERSION"
        say(f"{paint('hint:', 'cyan')} {add}, or loosen what the draft says")
    for error in drafting.failures:
        say(f"{paint('error:', 'red')} {error}")
    if drafting.failures:
        return int(FetchError.code)
    return int(ExitCode.DOCUMENT if any(outcome.problems for outcome in drafting.outcomes) else ExitCode.DONE)


def _unmet(outcomes: list[Outcome], tree: RecipeTree) -> list[tuple[str, str]]:
    """Return what the drafts need of recipes that are there and that no version of theirs is."""
    from packaging.specifiers import SpecifierSet

    found: dict[tuple[str, str], None] = {}
    for outcome in outcomes:
        for name, wanted in (row for _, rows in outcome.needs for row in rows):
            try:
                versions = [release.version for release in tree.get(name).releases]
            except (DocumentError, PlanError):  # it is missing, or lint says what is wrong with it
                continue
            if not any(SpecifierSet(wanted, prereleases=True).contains(version) for version in versions):
                found[name, wanted] = None
    return list(found)


def _tell(outcomes: list[Outcome], arguments: argparse.Namespace) -> None:
    if arguments.json:
        rows = [
            {"name": one.name, "file": one.file, "system": one.system, "problems": list(one.problems)}
            for one in outcomes
        ]
        put(json.dumps(rows, indent=1))
        return
    for one in outcomes:
        put(one.file)
        for problem in one.problems:
            say(problem)
        if one.guesses:
            count = "1 comment tells" if one.guesses == 1 else f"{one.guesses} comments tell"
            say(f"{one.name}: {count} of guesses; read them before anything else")
