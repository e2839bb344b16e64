"""What both forms of a modulefile say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from pybuild.errors import PlanError
from pybuild.plan.running import Part, Running

PLAIN = re.compile(r"[A-Za-z0-9 _.,:/+=@<>()~^-]|[^\x00-\x7f]")
"""Characters that stand for themselves in a string of Tcl and of Lua."""


def joined(value: Iterable[Part], between: str, quoted: Callable[[str], str], variable: str) -> str:
    """Return a value as an expression: quoted texts and variables, with something between them."""
    return between.join(variable.format(part.name) if part.name else quoted(part.text) for part in value)


def whatis(running: Running) -> str:
    """Return what ``module whatis`` shows."""
    names = ", ".join(f"{one.name} {one.version}" for one in running.packages)
    return f"pybuild: {names} in {running.prefix}"


def help_lines(running: Running) -> Iterator[str]:
    """Yield what ``module help`` shows, a line at a time."""
    yield f"Python environment {running.prefix}"
    for one in running.packages:
        yield f"  {one.name} {one.version}, built for site {one.site}, proven: {one.level}"
    if running.conda:
        yield f"It has scripts that only this runs: conda activate {running.prefix}"
    if running.steps or running.folders:
        yield "Loading it changes other modules as well; unloading it does not bring the earlier ones back."
    yield "Made by pybuild env modulefile; make it again when packages of the prefix change."


def demand_text(text: str) -> str:
    """Return ``text``; raise PlanError where no variable can hold it."""
    if "\0" in text:
        raise PlanError(f"no variable can hold a NUL character: {text!r}")
    return text
