"""The command ``recipe new``: drafts a recipe from the index or from an archive's address."""

from __future__ import annotations

import json
import os
from pathlib import Path

from pybuild.cli.progress import Screen
from pybuild.cli.settings import places_of
from pybuild.cli.text import paint, put, say
from pybuild.errors import ExitCode, FetchError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from pybuild.authoring.drafting import Outcome


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
    known = RecipeTree((folder, *places.recipes)).names()
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
    for error in drafting.failures:
        say(f"{paint('error:', 'red')} {error}")
    if drafting.failures:
        return int(FetchError.code)
    return int(ExitCode.DOCUMENT if any(outcome.problems for outcome in drafting.outcomes) else ExitCode.DONE)


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
