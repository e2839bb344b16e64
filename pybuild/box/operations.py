"""Carry out a site's operations here and say of each whether it did what it should."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pybuild.box.combinations import Combination, combinations
from pybuild.errors import ModuleToolError
from pybuild.model.modules import Capture, Change, ModulePlan, ModuleStep
from pybuild.model.site import Site

_ENV = re.compile(r"\$\{\{\s*env\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What came of one operation or check.

    Attributes:
        combination: the environment that it belongs to.
        what: the operation as a person types it, or what was looked at.
        sentence: what happened.
        by: what of the site file asks for it.
        hint: what to type or change next, or ``""``.
    """

    combination: str
    what: str
    ok: bool
    sentence: str
    by: str = ""
    hint: str = ""


def run_operations(site: Site, capture: Callable[[ModulePlan], Capture]) -> Iterator[Row]:
    """Yield a row for each operation of each environment of a site, as they are tried.

    Args:
        capture: carries a plan out with the real module tool; raises ModuleToolError where that fails.

    An environment that cannot be made gives one row that is not ok; the others are tried all the same.
    """
    done: dict[ModulePlan, Capture | ModuleToolError] = {}
    for combination in combinations(site):
        plan = combination.plan
        if plan not in done:
            try:
                done[plan] = capture(plan)
            except ModuleToolError as error:
                done[plan] = error
        result = done[plan]
        if isinstance(result, ModuleToolError):
            name, hint = combination.name, result.hint or ""
            yield Row(combination=name, what="modules", ok=False, sentence=result.message, hint=hint)
        else:
            yield from rows_of(combination, result)


def rows_of(combination: Combination, result: Capture) -> Iterator[Row]:
    """Yield what a captured environment shows: each operation, each answer, each root."""
    name = combination.name
    sentence = f"{len(result.plan.baseline)} modules named, {len(result.loaded)} loaded at the end"
    yield Row(combination=name, what="baseline", ok=True, sentence=sentence)
    for step, change in zip(result.plan.steps, result.changes, strict=True):
        what = " ".join(step.words) or f"{step.operation.kind} {step.operation.module}"
        yield Row(combination=name, what=what, ok=True, sentence=_changed(step, change), by=step.by)
    if combination.python is not None:
        yield _python(combination, result)
        return
    for question, answer in zip(result.plan.questions, result.answers, strict=True):
        said = f"answers {answer!r}" if answer else "says nothing"
        yield Row(combination=name, what=" ".join(question), ok=bool(answer), sentence=said)
    yield from _roots(combination, dict(result.environment))


def _changed(step: ModuleStep, change: Change) -> str:
    parts = []
    if change.loaded:
        parts.append(f"loaded {', '.join(change.loaded)}")
    if change.unloaded:
        parts.append(f"unloaded {', '.join(change.unloaded)}")
    if not parts:
        parts.append("nothing to do" if step.operation.kind != "use" else "one more folder of modules")
    return "; ".join(parts)


def _python(combination: Combination, result: Capture) -> Row:
    entry = combination.python
    assert entry is not None
    answer = "".join(result.answers[:1])
    ok = re.match(rf"Python {re.escape(entry.python)}(\D|$)", answer) is not None
    sentence = f"answers {answer!r}" + ("" if ok else f", expected Python {entry.python}")
    by = f"site {result.plan.site}: python module {entry.module}"
    return Row(combination=combination.name, what="python --version", ok=ok, sentence=sentence, by=by)


def _roots(combination: Combination, environment: Mapping[str, str]) -> Iterator[Row]:
    """Say whether the roots that providers name are folders of this machine."""
    for virtual, provider in combination.providers:
        written = dict(provider.fields).get("root", "")
        root = _ENV.sub(lambda found: environment.get(found[1], ""), written)
        if root and "${{" not in root:
            ok = os.path.isdir(root)
            sentence = f"{root} is a folder" if ok else f"{root} does not exist, expected a folder"
            by = f"provider {provider.name} of {virtual}"
            yield Row(combination=combination.name, what=f"root {written}", ok=ok, sentence=sentence, by=by)
