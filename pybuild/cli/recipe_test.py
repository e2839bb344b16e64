"""``pybuild recipe test``: recipes built in throw-away prefixes, verified, and recorded if so asked."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from pybuild.cli.progress import Screen
from pybuild.cli.recipe_trial import Result, Trial, run_installed, run_trial
from pybuild.cli.settings import choice, places_of, settings_of
from pybuild.cli.text import counted, paint, put, say
from pybuild.errors import PlanError, UsageError
from pybuild.load.recipes import RecipeTree

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from pybuild.model.recipe import Recipe
    from pybuild.model.site import Site
    from pybuild.workflow import Settings


def recipe_test(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Build and verify each named recipe with each Python, and print a row for each run.

    Returns the highest exit code of all runs.

    Raises:
        PlanError: a recipe, option, version or Python does not exist; nothing was built then.
        UsageError: no box can be made here.
    """
    folder = os.path.join(places_of(arguments, environ).cache, "test")
    # What a test built is not for others to find: a package that fails its checks is in the channel by then.
    arguments.channel = arguments.channel or os.path.join(folder, "channel")
    with Screen(verbose=arguments.verbose) as screen:
        settings = settings_of(arguments, environ, screen)
        tree = RecipeTree(settings.places.recipes)
        recipes = {recipe.name: recipe for recipe in map(tree.get, arguments.names)}
        results = list((_installed if arguments.installed else _built)(recipes, folder, settings, arguments))
    if arguments.json:
        put(json.dumps([asdict(result) for result in results], indent=1))
    failed = sum(bool(result.code) for result in results)
    if failed:
        say(f"{paint('error:', 'red')} {failed} of {counted(len(results), 'run')} failed")
    else:
        say(f"{paint('done:', 'green')} {counted(len(results), 'run')}, all verified")
    return max(result.code for result in results)


def _built(
    recipes: Mapping[str, Recipe], folder: str, settings: Settings, arguments: argparse.Namespace
) -> Iterator[Result]:
    """Carry out every run, one after the other, and give what came of each."""
    from pybuild.load.sites import choose_site

    site = choose_site(settings.site, settings.places, settings.environ)
    trials = _trials(arguments, recipes)
    for trial in trials:
        _demand_release(recipes[trial.name], trial)
    settings = replace(settings, site=site.name)
    failed: list[str] = []
    with ExitStack() as stack:
        if arguments.box:
            from pybuild.cli.recipe_box import boxed

            box = boxed(site, trials, folder, settings, keep=lambda: arguments.keep or bool(failed))
            settings, site = stack.enter_context(box)
        demand_pythons(trials, site, settings.environ)
        for trial in trials:
            result = run_trial(trial, folder, settings, keep=arguments.keep)
            failed += [trial.name] if result.code else []
            yield _told(result, recipes[trial.name], arguments)


def _installed(
    recipes: Mapping[str, Recipe], folder: str, settings: Settings, arguments: argparse.Namespace
) -> Iterator[Result]:
    """Verify what a prefix has of each recipe, and give what came of it."""
    for name in ("python", "option", "version", "box", "keep", "target", "use"):
        if getattr(arguments, name):
            raise UsageError(f"--installed builds nothing, so --{name} has no meaning with it")
    prefix = os.path.abspath(os.path.expanduser(arguments.installed))
    for recipe in recipes.values():
        yield _told(run_installed(recipe, prefix, settings), recipe, arguments)


def demand_pythons(trials: list[Trial], site: Site, environ: Mapping[str, str]) -> None:
    """Refuse Pythons that no new prefix could have, before anything is built.

    Raises:
        PlanError: naming all of them, and those that there are.
    """
    from pybuild.load.pythons import site_interpreters

    if site.channels:
        return  # whoever asks these channels says it
    wanted = dict.fromkeys(trial.python for trial in trials if trial.python)
    missing = [
        python
        for python in wanted
        if all(found.rejected is not None for found in site_interpreters(python, site, environ))
    ]
    if missing:
        there = [found.version for found in site_interpreters(None, site, environ) if found.rejected is None]
        raise PlanError(
            f"--python: found {', '.join(missing)}, but this machine has {', '.join(there) or 'no Python'} "
            "for new prefixes",
            hint="install it with its C headers, or leave it out",
        )


def _trials(arguments: argparse.Namespace, recipes: Mapping[str, Recipe]) -> list[Trial]:
    pythons: list[str | None] = [one.strip() for one in (arguments.python or "").split(",") if one.strip()]
    if arguments.python is not None and not pythons:
        raise UsageError(f"--python: found {arguments.python!r}, expected versions such as 3.9,3.11")
    return [
        Trial(
            name=name,
            python=python,
            options=tuple(sorted(set(arguments.option))),
            version=arguments.version,
            target=arguments.target,
            providers=tuple(choice(text) for text in arguments.use),
            box=arguments.box,
        )
        for name in recipes
        for python in pythons or [None]
    ]


def _demand_release(recipe: Recipe, trial: Trial) -> None:
    """Refuse a version or option that a recipe does not have."""
    versions = [release.version for release in recipe.releases]
    options = [option.name for option in recipe.options]
    for what, found, known in (
        ("--version", [trial.version] if trial.version else [], versions),
        ("--option", trial.options, options),
    ):
        for one in found:
            if one not in known:
                raise PlanError(
                    f"{what}: found {one!r}, but {recipe.name} has {', '.join(known) or 'none'}",
                    hint=f"pybuild recipe show {recipe.name}",
                )


def _told(result: Result, recipe: Recipe, arguments: argparse.Namespace) -> Result:
    """Say what came of a run, and record it."""
    if arguments.record and not result.code:
        from pybuild.load.proofs import write_proof

        say(f"{paint('note:', 'cyan')} recorded in {write_proof(recipe.directory, result.row())}")
    if not arguments.json:
        for line in _lines(result):
            put(line)
    return result


def _lines(result: Result) -> list[str]:
    """Return a result as a row; below it why it failed, and where its prefix is if that was kept."""
    name = result.name + (f"[{','.join(result.options)}]" if result.options else "")
    site = f"{result.site} (box)" if result.box else result.site
    level = paint("FAILED", "red") if result.code else paint(result.level, "green")
    python = f"Python {result.python or '?'}"
    row = f"{name:<24}  {result.version or '?':<10}  {python:<14}  {site:<12}  {level:<8}"
    lines = [f"{row}  {result.seconds:7.1f} s"]
    lines += [f"  {line}" for line in result.failure.splitlines()]
    lines += [f"  prefix: {result.prefix}"] if result.prefix else []
    return lines
