"""The command ``recipe checksum``: verifies hashes of recipes, or adds new versions with theirs."""

from __future__ import annotations

import json
import os
from pathlib import Path

from pybuild.cli.progress import Screen
from pybuild.cli.settings import places_of
from pybuild.cli.text import counted, explain, paint, put, say
from pybuild.errors import DocumentError, ExitCode, PlanError, PybuildError, UsageError
from pybuild.load.recipes import RecipeTree

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from pybuild.authoring.hashes import Checked
    from pybuild.load.places import Places


def recipe_checksum(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Verify every hash of recipes (default: all); with ``--add`` or ``--new`` add versions instead."""
    places = places_of(arguments, environ)
    tree = RecipeTree(places.recipes)
    if arguments.add or arguments.new:
        return _add(arguments, environ, places, tree)
    names: Sequence[str] = arguments.names or tree.names()
    if arguments.touched:
        from pybuild.authoring.touched import touched

        own = [os.path.abspath(os.path.expanduser(folder)) for folder in arguments.recipes]
        changed = touched(places.recipes, arguments.against, environ, named=own)
        names = [name for name in names if name in changed]
    return _verify(names, arguments, environ, places, tree)


def _verify(
    names: Sequence[str],
    arguments: argparse.Namespace,
    environ: Mapping[str, str],
    places: Places,
    tree: RecipeTree,
) -> int:
    from pybuild.authoring.hashes import Checker

    rows: list[Checked] = []
    broken: list[PybuildError] = []
    with (
        Screen() as screen,
        Checker(
            environ,
            Path(places.cache),
            download=arguments.download,
            offline=places.offline,
            progress=screen,
        ) as checker,
    ):
        for name in names:
            try:
                rows.append(checker.check(tree.get(name)))
            except (DocumentError, PlanError) as error:
                # One recipe that cannot be read keeps nobody from checking the others.
                broken.append(error)
                say(explain(error).rstrip())
                continue
            for problem in () if arguments.json else (*rows[-1].wrong, *rows[-1].absent):
                put(problem)
    right, unknown = sum(row.right for row in rows), sum(row.unknown for row in rows)
    wrong = [problem for row in rows for problem in row.wrong]
    absent = [problem for row in rows for problem in row.absent]
    if arguments.json:
        put(json.dumps({"wrong": wrong, "absent": absent, "right": right, "unknown": unknown}, indent=1))
    if unknown:
        known_to_none = counted(unknown, "hash is of a file", "hashes are of files")
        say(f"{known_to_none} that no index tells about; --download fetches and compares them")
    if not (wrong or absent or broken):
        agree = counted(right, "hash agrees", "hashes agree")
        say(f"{paint('done:', 'green')} {counted(len(names), 'recipe')}, {agree}")
        return 0
    if wrong:
        return int(ExitCode.CHECKSUM)
    return int(broken[0].code if broken else ExitCode.FETCH)


def _add(arguments: argparse.Namespace, environ: Mapping[str, str], places: Places, tree: RecipeTree) -> int:
    from pybuild.authoring.additions import Adding

    if not arguments.names or arguments.touched or arguments.download:
        raise UsageError("--add and --new want names of recipes, and neither --touched nor --download")
    if arguments.add and len(arguments.names) != 1:
        raise UsageError(f"--add: found {len(arguments.names)} recipes, expected one", hint="or use --new")
    told: list[dict[str, object]] = []
    problems: list[str] = []
    with (
        Screen() as screen,
        Adding(environ, Path(places.cache), screen, offline=places.offline) as adding,
    ):
        for name in arguments.names:
            file, versions, found = adding.add(tree.get(name), arguments.add, newer=arguments.new)
            told.append({"file": file, "added": list(versions)})
            problems += found
            if not arguments.json:
                put(f"{file}: {', '.join(versions) or 'nothing newer'}")
    if arguments.json:
        put(json.dumps(told, indent=1))
    for problem in problems:
        say(problem)
    return int(ExitCode.DOCUMENT) if problems else 0
