"""``pybuild recipe debug``: a shell where a build failed, in its environment."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild.cli.settings import places_of
from pybuild.cli.text import paint, put, say
from pybuild.errors import PlanError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from pybuild.build.kept import KeptStage


def recipe_debug(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Say what failed in the newest kept stage of a package, then become a shell there.

    Raises:
        PlanError: no stage of a failed build is kept, or there is no such recipe.
    """
    from packaging.utils import canonicalize_name

    from pybuild.build.kept import find_kept
    from pybuild.build.stages import places_of_stages
    from pybuild.load.recipes import RecipeTree

    name = canonicalize_name(arguments.name)
    prefix = os.path.abspath(os.path.expanduser(arguments.prefix)) if arguments.prefix else None
    places = places_of(arguments, environ)
    folders = places_of_stages(places.stage, places.cache)
    found = [kept for folder in folders for kept in find_kept(folder, name, prefix)]
    kept = max(found, key=lambda kept: kept.seconds, default=None)
    if kept is None:
        RecipeTree(places.recipes).demand(arguments.name)
        where = f" for {prefix}" if prefix else ""
        raise PlanError(
            f"no stage of a failed build of {name}{where} is kept in {', '.join(map(str, folders))}",
            hint=f"pybuild install {name} leaves one if it fails; --cache says where it was built",
        )
    if arguments.json:
        put(_json(kept))
    else:
        _enter(kept, arguments.command, environ)
    return 0


def _enter(kept: KeptStage, words: str | None, environ: Mapping[str, str]) -> None:
    """Tell what failed and become the shell, or the words that are run in its place."""
    from pybuild.process import become

    for line in told(kept):
        say(line)
    become(["bash", str(kept.script), *([] if words is None else [words])], env=environ)


def told(kept: KeptStage) -> list[str]:
    """Return what failed, as lines for people."""
    from pybuild.build.log import relevant_lines
    from pybuild.run.padding import shortened

    lines = [f"{paint(f'{kept.package} {kept.version}', 'bold')}, {kept.when}: {kept.message}"]
    try:
        lines += [f"  | {line}" for line in relevant_lines(Path(kept.log))]
        lines = [shortened(line) for line in lines]
        lines.append(f"log: {kept.log}")
    except OSError:
        lines.append(f"log: {kept.log}, which is gone")
    lines.append(f"folder: {kept.cwd}")
    if kept.argv:
        lines.append(f"again: {shlex.join(kept.argv)}")
    lines.append(
        f"{paint('note:', 'cyan')} the shell has the build's environment and nothing else; "
        "type export TERM before you start an editor"
    )
    return lines


def _json(kept: KeptStage) -> str:
    import json
    from dataclasses import asdict

    data = {**asdict(kept), "root": str(kept.root)}
    del data["seconds"]  # not a duration, and the same as "when"
    return json.dumps(data, indent=1)
