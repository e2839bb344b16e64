"""What a provider is, in one line that changes when the thing behind it changes."""

from __future__ import annotations

from pybuild.model.modules import Capture
from pybuild.model.providers import base_of
from pybuild.plan.context import Context
from pybuild.plan.providers import Bound
from pybuild.plan.templates import late


def identified(bound: Bound, context: Context, capture: Capture | None) -> Bound:
    """Give a provider its identity: the package, exactly, or what the loaded modules say."""
    if bound.recipe is None:
        return bound if bound.site is None or capture is None else _captured(bound, capture)
    package = next(p for p in context.planned if p.name == bound.recipe)
    return bound._replace(identity=f"{package.name} {package.version} {package.build_string}")


def _captured(bound: Bound, capture: Capture) -> Bound:
    values = {f"env.{name}": value for name, value in capture.environment}
    answers = dict(zip(capture.plan.questions, capture.answers, strict=True))
    words = tuple(bound.fields.get(f"{base_of(bound.virtual)}.cc", "").split())
    answer = answers.get((*words, "--version"), "") if bound.virtual == "compiler" else ""
    return bound._replace(identity="; ".join(part for part in (late(bound.identity, values), answer) if part))
