"""Plans as text and as JSON."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from pybuild.cli.text import columns, paint
from pybuild.model.modules import ModulePlan, ModuleStep
from pybuild.model.plan import (
    ApplyPatch,
    BuildPlan,
    Overlay,
    PackagePlan,
    Plan,
    Run,
    StageInterpreter,
    StageWheel,
    Unpack,
)
from pybuild.plan.explain import edit_text

_TOKEN = re.compile(r"\$\{\{ [A-Za-z_.]+ \}\}")
_SIGNS = {"new": "+", "upgrade": "^", "downgrade": "v", "replace": "~", "none": "="}
_ACTIONS = {
    "build": "build from source",
    "channel": "from the channel",
    "keep": "keep",
    "conda": "from conda channel",
}


def plan_json(plan: Plan) -> str:
    """Return the whole plan as JSON."""
    return json.dumps(asdict(plan), indent=2)


def plan_text(plan: Plan, *, verbose: bool = False) -> str:
    """Return the plan for people: what happens to each package, then how and why.

    Args:
        verbose: also say how packages that are not asked for are built, and the whole environment.
    """
    head = f"{' '.join(plan.specs)} -> {plan.prefix}" if plan.specs else plan.prefix
    lines = [paint(head, "bold") + (" (new)" if plan.new_prefix else "")]
    site = f"{plan.site}, target {plan.target}" if plan.target else plan.site
    facts = [("site", site), ("python", plan.python), ("channel", plan.channel), ("verify", plan.verify)]
    if verbose and plan.compiler_cache is not None:
        facts.append(("compiler cache", f"{plan.compiler_cache.folder}, part of no key"))
    lines += columns(facts, indent="  ")
    lines += [f"  {paint('note', 'dim')}  {note}" for note in plan.notes]
    lines.append("")
    lines += columns([_row(package) for package in plan.packages], indent="  ")
    lines += [f"  - {name} {version} {build}  removed" for name, version, build in plan.removes]
    for package in plan.packages:
        shown = package.requested or verbose or package.change == "replace"  # that needs a reason
        if package.action != "keep" and shown:
            lines += ["", *_details(package, verbose)]
    if plan.changes_nothing():
        lines += ["", "nothing to do"]
    return "\n".join(lines)


_FROM = {StageWheel: "from the index as a wheel", StageInterpreter: "from this machine"}


def _compiles(build: BuildPlan) -> bool:
    return any(isinstance(step, Run) for step in build.steps)


def _row(package: PackagePlan) -> tuple[str, ...]:
    sign = _SIGNS[package.change]
    what = _ACTIONS[package.action]
    if package.action == "build" and package.build is not None and not _compiles(package.build):
        what = _FROM.get(type(package.build.steps[0]), what)
    if package.action == "conda" and package.file:
        what += f" {package.file.rsplit('/', 2)[0]}"
    if package.change == "downgrade" and package.was:
        what += paint(f", DOWNGRADES {package.was[0]}", "red")
    elif package.was:
        what += f", {package.change}s {package.was[0]} {package.was[1]}"
    if package.unproven:
        what += paint(", unproven recipe", "yellow")
    return sign, package.name, package.version, package.build_string, what


def _details(package: PackagePlan, verbose: bool) -> Iterator[str]:
    yield paint(f"{package.name} {package.version}", "bold") + (
        f"  {package.summary}" if package.summary else ""
    )
    rows = [("why", why) for why in package.why if why]
    if package.action == "build" and package.build is not None:
        rows += _build_rows(package.build, verbose)
    elif package.file:
        rows.append(("file", package.file))
    rows += [("check", _check(check.level, check.name)) for check in package.checks]
    seen = ""
    shown = []
    for label, text in rows:
        shown.append(("" if label == seen else label, text))
        seen = label
    yield from columns(shown, indent="  ")


def _build_rows(build: BuildPlan, verbose: bool) -> list[tuple[str, str]]:
    rows = _module_rows(build.modules, verbose)
    for step in build.steps:
        if isinstance(step, Unpack):
            rows.append(("source", f"{step.download.file}  sha256 {step.download.sha256}"))
        elif isinstance(step, ApplyPatch):
            rows.append(("patch", step.file))
        elif isinstance(step, Overlay):
            rows += [("needs", f"{d.file} (wheel, for the build only)") for d in step.downloads]
        elif isinstance(step, Run):
            rows += _run_rows(step, verbose)
        elif isinstance(step, StageWheel) and step.download is not None:
            rows.append(("wheel", f"{step.download.file}  sha256 {step.download.sha256}"))
        elif isinstance(step, StageInterpreter):
            rows.append(("copy", step.interpreter))
    rows += _told_once(("env", edit_text(edit), edit.why) for edit in build.environment if verbose or edit.by)
    return rows


def _run_rows(step: Run, verbose: bool) -> list[tuple[str, str]]:
    """Return the command; a recipe's own lines of bash are counted, and shown one by one if asked for."""
    lines = step.argv[-1].splitlines()
    if step.argv[0] != "bash" or len(lines) < 2:
        return [("run", " ".join(_quoted(word) for word in step.argv))]
    if not verbose:
        return [("run", f"{len(lines)} lines of bash, the recipe's {step.name!r} (-v shows them)")]
    return [("run", f"bash, the recipe's {step.name!r}:"), *(("run", f"  {line}") for line in lines)]


def _told_once(rows: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, str]]:
    """Yield (label, text) with each reason only where it is told for the first time."""
    told = ""
    for label, text, why in rows:
        yield label, f"{text}  ({why})" if why != told else text
        told = why


def _module_rows(modules: ModulePlan | None, verbose: bool) -> list[tuple[str, str]]:
    if modules is None:
        return []
    rows = [("begin", ", ".join(modules.baseline))] if verbose and modules.baseline else []
    rows += _told_once(("module", *_step(step)) for step in modules.steps if step.words or verbose)
    rows += [("never", f"{pattern}  ({who})") for pattern, who in modules.forbidden if verbose]
    return rows


def _step(step: ModuleStep) -> tuple[str, str]:
    by = step.by.partition(": ")[2] or step.by
    if step.words:
        return shlex.join(step.words), f"{by}: {step.why}"
    return f"{step.operation.kind} {step.operation.module}: nothing to do", by


def _quoted(word: str) -> str:
    """Quote for a shell where the word needs it, a late token's own blanks aside."""
    return word if shlex.quote(_TOKEN.sub("x", word)) == _TOKEN.sub("x", word) else shlex.quote(word)


def _check(level: str, name: str) -> str:
    return f"{name}  ({level})"
