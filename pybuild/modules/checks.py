"""Judging an environment by what is loaded: the tools' exit codes are not asked, they lie."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from pybuild.model.modules import ModulePlan, ModuleStep, is_named, matches
from pybuild.modules.reading import Reading, State, clean

_SYNTAX = re.compile(r"^\S+: .*line \d+: (syntax error|unexpected EOF)", re.M)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """The first thing that is not as it must be.

    Attributes:
        sentence: what is wrong, without the site and without the tool's words.
        at: the operation whose words belong to it, ``""`` for none.
        missing: the module that should be loaded and is not, ``""`` where that is not it.
        hint: what to do, ``""`` where it is to be found by looking for near names.
    """

    sentence: str
    at: str = ""
    missing: str = ""
    hint: str = ""


def first_problem(plan: ModulePlan, reading: Reading) -> Problem | None:
    """Return the first operation that did not do what it must, as far as the script came; else None."""
    return next(_problems(plan, reading), None)


def _problems(plan: ModulePlan, reading: Reading) -> Iterator[Problem]:
    before = reading.start
    if before is None:
        return
    yield from _folders(plan, before)
    yield from _unread("the baseline", "", "together", reading)
    for index, module in enumerate(plan.baseline):
        after = reading.states.get(f"baseline {index}")
        if after is None:
            return
        at = f"baseline {index}"
        if not after.has(module):
            yield Problem(sentence=f"modules.baseline names {module}", at=at, missing=module)
        yield from _unread(f"{module} of the baseline", module, at, reading)
        before = after
    for index, step in enumerate(plan.steps):
        after = reading.states.get(f"step {index}")
        if after is None:
            return
        yield from _step(step, f"step {index}", before, after)
        yield from _unread(f"{said(step)} ({step.by})", step.operation.module, f"step {index}", reading)
        before = after
    if reading.complete:
        yield from _end(plan, reading, before)


def _folders(plan: ModulePlan, start: State) -> Iterator[Problem]:
    for folder in plan.folders:
        if not _in_front(folder, start) and (folder == plan.folders[0] or not _used(folder, start)):
            yield Problem(
                sentence=f"modules.folders: module use {folder} did not bring it in front of MODULEPATH",
                at="folders",
                hint=f"ls -l {folder}",
            )


def _unread(shown: str, module: str, at: str, reading: Reading) -> Iterator[Problem]:
    """Yield a tool's answer that the shell stopped reading in the middle: the rest of the module is lost.

    Environment Modules 5.2 does not quote a newline in a value and calls the module loaded; nor does Lmod
    8.6, whose answer the shell may still be able to read, and then this says nothing.
    """
    if _SYNTAX.search(reading.words.get(at, "")):
        yield Problem(
            sentence=f"{shown} gave the shell what it cannot read", at=at, hint=f"module show {module}"
        )


def _step(step: ModuleStep, at: str, before: State, after: State) -> Iterator[Problem]:
    """Yield what one operation should have done and did not."""
    operation, module = step.operation, step.operation.module
    shown = f"{said(step)} ({step.by})"
    if operation.kind == "use":
        if not _in_front(module, after):
            yield Problem(
                sentence=f"{shown} did not bring it in front of MODULEPATH", at=at, hint=f"ls -l {module}"
            )
        return
    if operation.kind == "unload":
        for left in after.matching(module):
            yield Problem(sentence=f"{shown} left {left} loaded", at=at, hint=f"module show {left}")
        return
    if operation.kind == "swap" and not before.has(operation.old):
        hint = f"use choose: {{family: ..., module: {module}}}, which takes what is there; {_holding(before)}"
        yield Problem(sentence=f"{shown} needs {operation.old}, which is not loaded", hint=hint)
    members = before.matching(*step.members) if operation.kind == "choose" else ()
    if len(members) > 1:
        names = " and ".join(members)
        yield Problem(
            sentence=f"{shown} found a family with two members loaded: {names}",
            hint=f"let the baseline or an unload before it leave one of {names}",
        )
    if not after.has(module):
        yield Problem(sentence=f"{shown} did not load it", at=at, missing=module)
    others = [one for one in after.matching(*step.members) if not is_named(one, module)]
    if operation.kind == "swap" and not is_named(module, operation.old):
        others = [o for o in after.loaded if is_named(o, operation.old) and not is_named(o, module)]
    for other in others:
        yield Problem(sentence=f"{shown} left {other} loaded", at=at, hint=f"module show {other}")


def _end(plan: ModulePlan, reading: Reading, end: State) -> Iterator[Problem]:
    """Yield what must hold when everything is loaded."""
    for index, step in enumerate(plan.steps):
        yield from _lost(plan, reading, index, step, end)
    for pattern, who in plan.forbidden:
        for module in end.matching(pattern):
            yield Problem(
                sentence=f"{module} is loaded at the end, and that is forbidden by {who}",
                hint=f"it came with {origin(plan, reading, module)}; unload it after that",
            )
    yield from _needs(plan, end)


def _needs(plan: ModulePlan, end: State) -> Iterator[Problem]:
    environment = clean(end.environment)
    for need in plan.needs:
        if need.variable and not environment.get(need.variable):
            yield Problem(
                sentence=f"{need.by} needs {need.variable}, which its modules do not set", hint=_look(end)
            )
        if need.program and shutil.which(need.program, path=environment.get("PATH", "")) is None:
            yield Problem(
                sentence=f"{need.by} needs {need.program}, which its modules do not put on the PATH",
                hint=_look(end),
            )


def _lost(plan: ModulePlan, reading: Reading, index: int, step: ModuleStep, end: State) -> Iterator[Problem]:
    """Yield a module that a step brought and a later one took away without being told to."""
    module = step.operation.module
    if step.operation.kind in ("unload", "use") or end.has(module):
        return
    brought = f"{said(step)} ({step.by})"
    if any(_removes(later, module) for later in plan.steps[index + 1 :]):
        return
    for number, later in enumerate(plan.steps[index + 1 :], index + 1):
        if not reading.states[f"step {number}"].has(module):
            yield Problem(
                sentence=f"{said(later)} ({later.by}) took {module} away, which {brought} had brought",
                at=f"step {number}",
                hint=f"module show {later.operation.module}",
            )
            return


def _removes(step: ModuleStep, module: str) -> bool:
    operation = step.operation
    if operation.kind == "unload":
        return matches(module, operation.module) or operation.module.startswith(f"{module}/")
    if operation.kind == "swap":
        return is_named(module, operation.old) or is_named(operation.old, module)
    return operation.kind == "choose" and any(matches(module, pattern) for pattern in step.members)


def origin(plan: ModulePlan, reading: Reading, module: str) -> str:
    """Return the operation with which a module came, as a person says it."""
    found = "the init of the module tool"
    before = reading.start
    named = [name for name in plan.baseline if is_named(module, name)]
    if named:
        return f"{named[0]} of the baseline"
    names = [(f"baseline {i}", f"{name} of the baseline") for i, name in enumerate(plan.baseline)]
    names += [(f"step {i}", f"{said(step)} ({step.by})") for i, step in enumerate(plan.steps)]
    for label, name in names:
        after = reading.states[label]
        if before is not None and module in after.loaded and module not in before.loaded:
            found = name
        before = after
    return found


def said(step: ModuleStep) -> str:
    """Return an operation as a person says it."""
    operation = step.operation
    if operation.kind == "swap":
        return f"swap {operation.old} {operation.module}"
    if operation.kind == "choose":
        return f"choose {operation.module} of {operation.family}"
    return f"{operation.kind} {operation.module}"


def _look(end: State) -> str:
    return f"module show {end.loaded[-1]}; {_holding(end)}" if end.loaded else "no module is loaded there"


def _holding(state: State) -> str:
    return f"loaded there: {' '.join(state.loaded) or 'nothing'}"


def _used(folder: str, state: State) -> bool:
    return os.path.realpath(folder) in map(os.path.realpath, state.folders)


def _in_front(folder: str, state: State) -> bool:
    return _used(folder, State(loaded=(), folders=state.folders[:1], environment={}))
