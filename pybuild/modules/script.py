"""The bash script of a module plan: what is run, as text."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator

from pybuild.model.modules import ModulePlan, ModuleStep

_OPERATIONS = os.path.join(os.path.dirname(__file__), "operations.bash")


def script(plan: ModulePlan, nonce: str, *, avail: str | None = None) -> str:
    """Return the script that carries ``plan`` out and writes down what it finds.

    Args:
        nonce: a word that nothing else prints.
        avail: ask also which modules there are whose names begin like this; ``""`` for all of them.
    """
    with open(_OPERATIONS, encoding="utf-8") as file:
        operations = file.read()
    return "\n".join((f"__pybuild_nonce={nonce}", operations, *_lines(plan, avail), ""))


def _lines(plan: ModulePlan, avail: str | None) -> Iterator[str]:
    yield from _init(plan)
    # Lmod loads a module again that another one of the same call has brought.
    if plan.tool == "tcl" and len(plan.baseline) > 1:
        yield "__pybuild_at together"
        yield shlex.join(("__pybuild_together", *plan.baseline))
    for index, module in enumerate(plan.baseline):
        yield from _at(f"baseline {index}", "load", module)
    for index, step in enumerate(plan.steps):
        yield from _at(f"step {index}", *words(step))
    if avail is not None:
        yield "__pybuild_at avail"
        yield shlex.join(("__pybuild_module", "-t", "avail", *([avail] if avail else [])))
    if plan.tool == "tcl":
        yield "__pybuild_at version"
        yield "__pybuild_module --version"
    yield "__pybuild_at questions"
    for question in plan.questions:
        yield shlex.join(("__pybuild_ask", *question))
    yield '__pybuild_say end "$__pybuild_nonce"'


def _init(plan: ModulePlan) -> Iterator[str]:
    """Yield the beginning: not inside a function, where ``declare`` in a sourced file would be local."""
    yield "__pybuild_at init"
    for file in plan.init:
        yield f"source {shlex.quote(file)} 47>&-"
        yield "__pybuild_calm"
    yield '__pybuild_say command "$(type -t module)"'
    yield "__pybuild_at folders"
    for folder in reversed(plan.folders):
        yield shlex.join(("__pybuild_use", folder.rstrip("/")))
    yield "__pybuild_state"


def _at(label: str, *call: str) -> Iterator[str]:
    yield f"__pybuild_at {label}"
    yield shlex.join((f"__pybuild_{call[0]}", *call[1:]))
    yield "__pybuild_state"


def words(step: ModuleStep) -> tuple[str, ...]:
    """Return a step as the operation of the script and its arguments."""
    operation = step.operation
    if operation.kind == "swap":
        return ("swap", operation.old, operation.module)
    if operation.kind == "choose":
        return ("choose", operation.module, *step.members)
    if operation.kind == "use":
        return ("use", operation.module.rstrip("/"))
    return (operation.kind, operation.module)
