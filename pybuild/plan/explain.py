"""What put each module operation, variable, flag and check into a plan, and why."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pybuild.model.modules import Capture, ModulePlan, ModuleStep
from pybuild.model.plan import Edit, PackagePlan, Run

Kind = Literal["module", "variable", "field", "command", "choice", "library"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing of a plan and where it comes from.

    Attributes:
        what: as a person would write it: ``module unload craype-hugepages2M``, ``MPICC=cc -shared``.
        by: rule, provider, target or recipe key that put it there, ``""`` for the resolver's own choices.
        at: ``build`` or ``run``.
        variables: environment variables that it changed, as far as the module tool was asked here.
    """

    kind: Kind
    what: str
    by: str
    why: str = ""
    source: str = ""
    since: str = ""
    at: str = "build"
    variables: tuple[str, ...] = ()


def explain(package: PackagePlan, captures: Mapping[ModulePlan, Capture]) -> tuple[Reason, ...]:
    """Return everything in the plan of one package, in the order in which it acts.

    Args:
        captures: what the module tool made of the plan's modules, where it was asked.
    """
    return (
        *_choices(package),
        *(_module_reasons(package.build.modules, captures, "build") if package.build else ()),
        *_fields(package),
        *(_edits(package.build.environment, "build") if package.build else ()),
        *_commands(package),
        *_module_reasons(package.run_modules, captures, "run"),
        *_edits(package.run_environment, "run"),
        *(Reason(kind="library", what=f"refuse {stem}", by="the site's libraries", why=why)
          for stem, why in package.refused),
    )  # fmt: skip


def touches(reason: Reason, variable: str) -> bool:
    """Return whether a reason has to do with an environment variable."""
    if variable in reason.variables:
        return True
    words = reason.what.removeprefix("prepend ").removeprefix("unset ")
    return reason.kind == "variable" and words.replace("=", " ").split(" ")[0] == variable


def _choices(package: PackagePlan) -> Iterator[Reason]:
    for why in package.why:
        yield Reason(kind="choice", what=why, by="")


def _module_reasons(
    modules: ModulePlan | None, captures: Mapping[ModulePlan, Capture], at: str
) -> Iterator[Reason]:
    if modules is None:
        return
    capture = captures.get(modules)
    for number, step in enumerate(modules.steps):
        variables = capture.changes[number].variables if capture else ()
        yield _of_step(step, at, variables)
    for pattern, who in modules.forbidden:
        by, _, why = who.partition(": ")
        yield Reason(kind="module", what=f"never {pattern}", by=by, why=why, at=at)


def _of_step(step: ModuleStep, at: str, variables: tuple[str, ...]) -> Reason:
    operation = step.operation
    plain = f"{operation.kind} {operation.module}: nothing to do"
    return Reason(
        kind="module", what=f"module {shlex.join(step.words)}" if step.words else plain, by=step.by,
        why=step.why, source=step.source, since=step.since, at=at, variables=variables,
    )  # fmt: skip


def _fields(package: PackagePlan) -> Iterator[Reason]:
    for name, value, by in package.fields:
        if value:
            yield Reason(kind="field", what=f"{name}={value}", by=by)


def _edits(edits: tuple[Edit, ...], at: str) -> Iterator[Reason]:
    for edit in edits:
        yield Reason(
            kind="variable", what=edit_text(edit), by=edit.by or "pybuild", why=edit.why,
            source=edit.source, since=edit.since, at=at,
        )  # fmt: skip


def edit_text(edit: Edit) -> str:
    """Return a change of an environment as a person writes it."""
    if edit.kind == "set":
        return f"{edit.name}={edit.value}"
    return f"{edit.kind} {edit.name} {edit.value}".rstrip()


def _commands(package: PackagePlan) -> Iterator[Reason]:
    for step in package.build.steps if package.build else ():
        if isinstance(step, Run):
            yield Reason(kind="command", what=" ".join(step.argv), by=f"recipe {package.name}: build")
