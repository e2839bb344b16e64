"""Which recipes differ from another state of the git repository that they stand in."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from pybuild.errors import UsageError
from pybuild.process import capture


def touched(
    folders: Sequence[str], against: str, environ: Mapping[str, str], *, named: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return the names of recipes with a file that is new or changed since a ref's merge base with HEAD.

    Args:
        folders: of recipes; those that no repository holds, because they are outside of one or git ignores
            them, are passed over where another one is held.
        environ: the user's environment, for git.
        named: those of the folders that the user named and that are not passed over.

    Raises:
        UsageError: no folder, or not one that was named, is in a git repository, or there is no such ref.
    """
    names: set[str] = set()
    there = [folder for folder in folders if os.path.isdir(folder)]
    outside = {folder: why for folder in there if (why := _why_outside(folder, environ))}
    told = list(outside) if len(outside) == len(there) else [one for one in outside if one in named]
    if told:
        folder, why = told[0], outside[told[0]]
        raise UsageError(
            f"--touched compares with git, and {folder} is {why}",
            hint="name the folder of recipes in your repository: --recipes DIR",
        )
    for folder in there:
        if folder not in outside:
            names |= _names(folder, against, environ)
    return tuple(sorted(names))


def _why_outside(folder: str, environ: Mapping[str, str]) -> str:
    """Return why git cannot tell what changed in a folder, ``""`` where it can."""
    env = {**environ, "LC_ALL": "C"}
    found = capture(("git", "-C", folder, "ls-files", "-z", "--", "."), env=env)
    if "not a git repository" in found.err:
        return "not in a git repository"
    # An environment inside the repository has its own copy of the recipes.
    ignored = capture(("git", "-C", folder, "check-ignore", "--quiet", "."), env=env).code == 0
    return "in a folder that git ignores" if ignored and not found.out else ""


def _names(folder: str, against: str, environ: Mapping[str, str]) -> set[str]:
    """Return the folders below ``folder`` that hold a recipe and a changed file."""
    base = _git(folder, environ, "merge-base", against, "HEAD").strip()
    changed = _git(folder, environ, "diff", "--name-only", "--relative", "-z", base, "--", ".")
    added = _git(folder, environ, "ls-files", "--others", "--exclude-standard", "-z", "--", ".")
    tops = {path.split("/")[0] for path in (changed + added).split("\0") if "/" in path}
    return {top for top in tops if os.path.isfile(os.path.join(folder, top, "recipe.yaml"))}


def _git(folder: str, environ: Mapping[str, str], *words: str) -> str:
    answer = capture(("git", "-C", folder, *words), env={**environ, "LC_ALL": "C"})
    if answer.code != 0:
        lines = answer.err.strip().splitlines() or [f"exit code {answer.code}"]
        raise UsageError(
            f"git {words[0]} fails in {folder}: {lines[-1].removeprefix('fatal: ')}",
            hint="name the recipes, or another ref with --against REF",
        )
    return answer.out
