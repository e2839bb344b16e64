"""What a person reads when the module tool did not do what the plan needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches

from pybuild.errors import ModuleToolError
from pybuild.model.modules import ModulePlan, is_named
from pybuild.modules.checks import Problem, said
from pybuild.modules.reading import Reading

LONGEST = 300
"""Characters of a tool's words that a message quotes."""

_TELLING = re.compile(
    r"error|conflict|unable|unknown|cannot|can't|not found|not exist|fail|denied|must", re.I
)
_ENOUGH = re.compile(
    r"While processing the following|Please contact|Please check|Also make sure|while executing"
)
_TAGS = re.compile(r"\([^)]*\)$|\s*<[^>]*>$")

Avail = Callable[[str], Sequence[str]]


def explained(plan: ModulePlan, problem: Problem, reading: Reading, avail: Avail) -> ModuleToolError:
    """Return the error for ``problem``.

    Args:
        avail: returns the modules that exist where the problem came up, by the beginning of their names.
    """
    sentence, hint = problem.sentence, problem.hint
    if problem.missing:
        near = near_names(problem.missing, avail)
        exists = any(is_named(name, problem.missing) for name in near)
        if problem.at.startswith("baseline "):
            sentence += ", which does not load here" if exists else ", which this machine does not have"
        hint = hint or _hint(plan, problem.missing, near, exists=exists)
    quoted = relevant(reading.words.get(problem.at, "")) if problem.at else ""
    if problem.at:
        sentence += f"; {tool_name(plan, reading)} said: {quoted or 'nothing'}"
    return ModuleToolError(_with_site(plan, sentence), hint=hint or None)


def stopped(plan: ModulePlan, reading: Reading, timeout: float | None) -> ModuleToolError:
    """Return the error for a script that did not come to its end; ``timeout`` where that was the cause."""
    name, place = tool_name(plan, reading), _place(plan, reading.at)
    if timeout is not None:
        sentence = f"{name} did not answer within {timeout:g} s, at {place}"
    else:
        quoted = relevant(reading.words.get(reading.at, "")) or "nothing"
        sentence = f"{name} ended the shell at {place}, before everything was done; it said: {quoted}"
    return ModuleToolError(_with_site(plan, sentence), hint=_by_hand(plan))


def no_command(plan: ModulePlan, reading: Reading) -> ModuleToolError:
    """Return the error for an init after which there is no ``module``."""
    files = " and ".join(plan.init) or "no file at all"
    sentence = f"modules.init names {files}, after which there is no module command"
    quoted = relevant(reading.words.get("init", ""))
    return ModuleToolError(
        _with_site(plan, sentence + (f"; it said: {quoted}" if quoted else "")), hint=_by_hand(plan)
    )


def relevant(text: str) -> str:
    """Return the lines of a tool's words that say what went wrong, as one short line."""
    paragraphs = [_telling(part) for part in re.split(r"\n\s*\n", text)]
    lines = next((found for found in paragraphs if found), None)
    if lines is None:
        lines = [line.strip() for line in text.splitlines() if line.strip()][-3:]
    line = " ".join(lines).removeprefix("Lmod has detected the following error: ")
    line = "".join(character if character.isprintable() else "?" for character in line)
    return line if len(line) <= LONGEST else f"{line[:LONGEST].rstrip()}..."


def _telling(paragraph: str) -> list[str]:
    lines = [line.strip() for line in paragraph.splitlines() if line.strip()]
    first = next((n for n, line in enumerate(lines) if _TELLING.search(line)), len(lines))
    last = next((n for n, line in enumerate(lines) if n > first and _ENOUGH.match(line)), len(lines))
    return lines[first:last]


def near_names(module: str, avail: Avail) -> list[str]:
    """Return the modules whose names are most like ``module``: those that begin alike, else any."""
    name, _, version = module.partition("/")
    for stem in dict.fromkeys((name[:3], "")):
        known = [found for found in map(_plain, avail(stem)) if found]
        exact = [one for one in known if is_named(one, module)]
        same = [one for one in known if version and is_named(one, name)]
        names = known if version else [one.partition("/")[0] for one in known]
        near = (
            exact
            or get_close_matches(module, same, cutoff=0.0)
            or get_close_matches(module, dict.fromkeys(names))
        )
        if near:
            return list(dict.fromkeys(near))[:3]
    return []


def _plain(line: str) -> str:
    """Return a module's name from a line of ``avail -t``, ``""`` for folders and headings."""
    name = _TAGS.sub("", line.strip())
    return "" if name.endswith((":", "/")) or " " in name or not name else name


def _hint(plan: ModulePlan, module: str, near: Sequence[str], *, exists: bool) -> str:
    if exists:
        return f"module show {module}"
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"module {'spider' if plan.tool == 'lmod' else 'avail'} {module.partition('/')[0]}"


def tool_name(plan: ModulePlan, reading: Reading) -> str:
    """Return what the site's tool is called, with its version where that is known."""
    name = {"tcl": "Environment Modules", "lmod": "Lmod", "none": "no tool"}[plan.tool]
    return f"{name} {version(plan, reading)}".strip()


def version(plan: ModulePlan, reading: Reading) -> str:
    """Return what the tool says it is, ``""`` where it does not say."""
    if plan.tool == "lmod":
        states = [*reading.states.values(), *([reading.start] if reading.start else [])]
        return states[0].environment.get("LMOD_VERSION", "") if states else ""
    found = re.search(r"(?:VERSION=|Release\s+)(\d\S*)", reading.words.get("version", ""))
    return found[1] if found else ""


def _place(plan: ModulePlan, at: str) -> str:
    kind, _, number = at.partition(" ")
    if kind == "baseline":
        return f"{plan.baseline[int(number)]} of the baseline"
    if kind == "step":
        step = plan.steps[int(number)]
        return f"{said(step)} ({step.by})"
    return {"init": "modules.init", "folders": "modules.folders", "": "the start"}.get(at, f"its {at}")


def _by_hand(plan: ModulePlan) -> str:
    files = "; ".join(f"source {file}" for file in plan.init)
    return f"env -i bash --noprofile --norc -c '{files or ':'}; module list'"


def _with_site(plan: ModulePlan, sentence: str) -> str:
    return sentence if sentence.startswith(f"site {plan.site}:") else f"site {plan.site}: {sentence}"
