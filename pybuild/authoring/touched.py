"""Which recipes differ from another state of the git repository that they stand in."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from pybuild.errors import UsageError
from pybuild.process import capture


def touched(folders: Sequence[str], against: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of recipes with a file that is new or changed since a ref's merge base with HEAD.

    Args:
        folders: of recipes; those that no repository holds are passed over where another one is held.
        environ: the user's environment, for git.

    Raises:
        UsageError: no folder is in a git repository, or there is no such ref.
    """
    names: set[str] = set()
    failures = []
    for folder in filter(os.path.isdir, folders):
        try:
            names |= _names(folder, against, environ)
        except UsageError as error:
            failures.append(error)
            if "not a git repository" not in error.message:
                raise
    if failures and len(failures) == len([folder for folder in folders if os.path.isdir(folder)]):
        raise failures[0]
    return tuple(sorted(names))


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
