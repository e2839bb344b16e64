"""From a module plan to the environment that the site's own tool makes of it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from pybuild import process
from pybuild.errors import ModuleToolError
from pybuild.model.modules import Capture, Change, ModulePlan
from pybuild.modules.checks import Problem, first_problem, said
from pybuild.modules.problems import explained, no_command, stopped, version
from pybuild.modules.reading import QUIET_CACHE, Reading, State, changed, clean, read
from pybuild.modules.script import script

BASH = "/bin/bash"
PATH = "/usr/bin:/bin"


def capture(plan: ModulePlan, *, keep: Mapping[str, str] | None = None, timeout: float = 180.0) -> Capture:
    """Carry ``plan`` out in one shell made from nothing and return the environment that comes of it.

    Args:
        keep: where USER and LOGNAME are taken from, for modulefiles that ask for them; nothing else of it.
        timeout: seconds for everything together.

    Raises:
        ModuleToolError: the tool is not there, does not answer, or did not do what the plan needs.
    """
    return capture_and_states(plan, keep=keep, timeout=timeout)[0]


def capture_and_states(
    plan: ModulePlan, *, keep: Mapping[str, str] | None = None, timeout: float = 180.0
) -> tuple[Capture, tuple[State, ...]]:
    """Do what :func:`capture` does, and return also the states that there were on the way, in order."""
    if plan.tool == "none":
        return _without_tool(plan), ()
    _demand_files(plan)
    reading, ended = _run(plan, keep or {}, timeout)
    if reading.command != "function" and reading.at not in ("", "init"):
        raise no_command(plan, reading)
    problem = first_problem(plan, reading)
    if problem is not None:
        raise explained(plan, problem, reading, lambda stem: _avail(plan, problem, keep or {}, timeout, stem))
    if not reading.complete:
        raise stopped(plan, reading, timeout if ended.code == 124 else None)
    return _captured(plan, reading), tuple(filter(None, (reading.start, *reading.states.values())))


def _run(
    plan: ModulePlan, keep: Mapping[str, str], timeout: float, *, avail: str | None = None
) -> tuple[Reading, process.Captured]:
    nonce = secrets.token_hex(16)
    argv = (BASH, "--noprofile", "--norc", "-c", script(plan, nonce, avail=avail))
    ended = process.capture(argv, env=_start(plan, keep), cwd="/", timeout=timeout, errors="surrogateescape")
    if ended.code == 127 and not ended.out:
        raise ModuleToolError(
            f"site {plan.site}: the module tool needs bash, which cannot be started: {ended.err.strip()}",
            hint="install bash",
        )
    return read(ended.out, ended.err, nonce), ended


def _start(plan: ModulePlan, keep: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the shell; a HOME that does not exist keeps the user's files unread."""
    environment = {
        "PATH": ":".join(plan.path) or PATH,
        "HOME": "/nonexistent",
        "SHELL": BASH,
        "LC_ALL": "C.UTF-8",
        **{name: keep[name] for name in ("USER", "LOGNAME") if keep.get(name)},
        **dict(plan.env),
    }
    return environment | (dict([QUIET_CACHE]) if plan.tool == "lmod" else {})


def _without_tool(plan: ModulePlan) -> Capture:
    wanted = [f"{said(step)} ({step.by})" for step in plan.steps] + list(plan.baseline)
    if wanted:
        raise ModuleToolError(
            f"site {plan.site}: modules.tool is none, so nothing can do {wanted[0]}",
            hint="name the site's tool in modules.tool: tcl or lmod",
        )
    return Capture(plan=plan, environment=tuple(clean(_start(plan, {})).items()))


def _demand_files(plan: ModulePlan) -> None:
    """Raise ModuleToolError where a file or folder that the plan names is not on this machine."""
    for file in plan.init:
        if not os.path.isfile(file):
            raise ModuleToolError(
                f"site {plan.site}: modules.init names {file}, which does not exist here",
                hint="pybuild site detect, or another site with --site",
            )
    uses = [step for step in plan.steps if step.operation.kind == "use"]
    for folder, who in [
        *((folder, "modules.folders names") for folder in plan.folders),
        *((step.operation.module, f"{said(step)} ({step.by}) names") for step in uses),
    ]:
        if not os.path.isdir(folder):
            raise ModuleToolError(
                f"site {plan.site}: {who} {folder}, which is not a folder here", hint=f"ls -ld {folder}"
            )


def _avail(
    plan: ModulePlan, problem: Problem, keep: Mapping[str, str], timeout: float, stem: str
) -> list[str]:
    """Return what ``avail`` lists where ``problem`` came up; nothing where the tool does not answer."""
    kind, _, number = problem.at.partition(" ")
    reached = int(number)
    if kind == "baseline":
        plan = replace(plan, baseline=plan.baseline[:reached], steps=(), questions=())
    else:
        plan = replace(plan, steps=plan.steps[:reached], questions=())
    reading, _ = _run(plan, keep, timeout, avail=stem)
    return reading.words.get("avail", "").splitlines()


def _captured(plan: ModulePlan, reading: Reading) -> Capture:
    assert reading.start is not None
    states = [reading.start, *(reading.states[f"baseline {i}"] for i in range(len(plan.baseline)))][-1:]
    states += [reading.states[f"step {i}"] for i in range(len(plan.steps))]
    return Capture(
        plan=plan,
        environment=tuple(clean(states[-1].environment).items()),
        loaded=states[-1].loaded,
        changes=tuple(
            Change(
                loaded=tuple(one for one in after.loaded if one not in before.loaded),
                unloaded=tuple(one for one in before.loaded if one not in after.loaded),
                variables=changed(before, after),
            )
            for before, after in pairwise(states)
        ),
        answers=tuple(reading.answers),
        version=version(plan, reading),
    )
