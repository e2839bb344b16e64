"""Choose the Python of a prefix that does not exist yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pybuild.errors import PlanError
from pybuild.model.machine import Interpreter, Machine, PrefixState
from pybuild.model.recipe import Recipe
from pybuild.model.request import Spec
from pybuild.plan.releases import choose_release


def choose_python(
    machine: Machine,
    wanted: str | None,
    specs: tuple[Spec, ...],
    recipes: Mapping[str, Recipe],
    attempt: Callable[[str], object] = bool,
) -> tuple[Interpreter, tuple[str, ...]]:
    """Return the best interpreter for which every spec has a release, and why others were passed over.

    Args:
        attempt: resolves the whole request for a Python, or fails with a PlanError.

    Raises:
        PlanError: no interpreter on the machine can serve.
    """
    notes: list[str] = []
    refusal: PlanError | None = None
    for interpreter in machine.interpreters:
        if interpreter.rejected is not None:
            reason = interpreter.rejected.removeprefix(f"{interpreter.path} ")
            notes.append(f"{interpreter.path} passed over: {reason}")
            continue
        try:
            for spec in specs:
                choose_release(recipes[spec.name], spec, interpreter.version)
            attempt(interpreter.version)
        except PlanError as error:
            refusal = refusal or error
            notes.append(f"{interpreter.path} passed over: {error.message}")
            continue
        return interpreter, (*notes, *([interpreter.note] if interpreter.note else []))
    if refusal is not None:
        raise refusal
    found = "; ".join(notes) if notes else "none was found"
    what = f"Python {wanted}" if wanted else "a Python"
    raise PlanError(
        f"a new prefix needs {what} of this machine that can serve as its interpreter: {found}",
        hint="install one with its C headers (Debian: python3-dev) or name one with --python PATH",
    )


def demand_same_python(wanted: str | None, state: PrefixState, machine: Machine) -> None:
    """Check that a prefix with a Python has the one that was asked for; of a path its minor version counts.

    Raises:
        PlanError: it has another one.
    """
    if wanted is None or state.python is None:
        return
    named = wanted
    if "/" in wanted:
        version = next((one.version for one in machine.interpreters), "")
        named = ".".join(version.split(".")[:2])
    if named and f"{state.python}.".startswith(f"{named}."):
        return
    raise PlanError(
        f"--python {wanted}: {state.path} has Python {state.python}, and a prefix keeps its Python",
        hint="leave --python out, or name a new prefix with -p DIR",
    )
