"""``pybuild explain``: which rule did what, and why."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace

from pybuild.cli.arguments.install import USUAL
from pybuild.cli.settings import request_of, settings_of
from pybuild.cli.text import columns, paint, put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pybuild.model.plan import PackagePlan
    from pybuild.plan.explain import Reason
    from pybuild.workflow import Settings

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_TITLES = {
    "choice": "chosen", "module": "modules", "field": "fields", "variable": "variables",
    "command": "commands", "library": "libraries",
}  # fmt: skip


def explain(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print what put each operation, variable and flag of a plan there."""
    from pybuild.plan.explain import explain as reasons_of
    from pybuild.plan.explain import touches
    from pybuild.workflow import prepare

    settings = replace(settings_of(arguments, environ), recall=True)
    variables = _variables(arguments.specs, settings)
    request = request_of(_asked(arguments, variables, settings), environ)
    plan = prepare(replace(request, rebuild=True), settings, acting=False)
    found = {
        package.name: tuple(
            reason
            for reason in reasons_of(package, settings.captures)
            if not variables or any(touches(reason, variable) for variable in variables)
        )
        for package in plan.packages
        if package.requested
    }
    if arguments.json:
        rows = {name: [asdict(reason) for reason in reasons] for name, reasons in found.items()}
        data = {"site": plan.site, "target": plan.target, "packages": rows, "notes": plan.notes}
        put(json.dumps(data, indent=1))
        return 0
    where = f"{plan.site}, target {plan.target}" if plan.target else plan.site
    asked = [package for package in plan.packages if package.requested]
    for package in asked:
        if package is not asked[0]:
            put("")
        put(paint(f"{package.name} {package.version} at {where}", "bold"))
        put("\n".join(_lines(found[package.name])) or f"  {_nothing(package, variables, settings)}")
    for note in plan.notes:
        put(f"note: {note}")
    return 0


def _variables(words: list[str], settings: Settings) -> list[str]:
    """Return the words that are names of variables; those of recipes, in any spelling, are packages."""
    from packaging.utils import canonicalize_name

    from pybuild.load.recipes import RecipeTree

    recipes = RecipeTree(settings.places.recipes).names()
    return [word for word in words if _VARIABLE.fullmatch(word) and canonicalize_name(word) not in recipes]


def _asked(arguments: argparse.Namespace, variables: list[str], settings: Settings) -> argparse.Namespace:
    """Return the arguments without the variables, and with what stands for a spec and a prefix left out.

    No prefix is looked at unless one is named: a new one has nothing that could stand for an answer.
    """
    from pybuild.locking import nowhere

    specs = [word for word in arguments.specs if word not in variables] or [USUAL]
    prefix = arguments.prefix or nowhere(settings)
    return argparse.Namespace(**{**vars(arguments), "specs": specs, "prefix": prefix})


def _nothing(package: PackagePlan, variables: list[str], settings: Settings) -> str:
    """Say what is known of variables that no part of the plan names."""
    modules = package.build.modules if package.build else None
    if modules is None:
        return "nothing in the plan touches it"
    if modules not in settings.captures:
        return "not known: the site's modules are not on this machine"
    values = dict(settings.captures[modules].environment)
    here = [f"{name}={values[name]}" for name in variables if name in values]
    return "the baseline sets it: " + ", ".join(here) if here else "nothing touches it"


def _lines(reasons: tuple[Reason, ...]) -> Iterator[str]:
    for kind, title in _TITLES.items():
        for at in ("build", "run"):
            rows = [reason for reason in reasons if (reason.kind, reason.at) == (kind, at)]
            if rows:
                yield f"\n{title}" + (" while it runs" if at == "run" else "")
            for reason in rows:
                yield f"  {paint(reason.what, 'bold')}"
                told = (
                    ("by", reason.by), ("why", reason.why),
                    ("source", reason.source), ("since", reason.since),
                    ("sets", ", ".join(reason.variables)),
                )  # fmt: skip
                yield from columns([row for row in told if row[1]], indent="      ")
