"""Take requirements apart, as the command line and recipes write them."""

from __future__ import annotations

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pybuild.errors import UsageError
from pybuild.model.request import Spec


def parse_spec(text: str) -> Spec:
    """Return ``mpi4py[exe]>=3,<4`` taken apart.

    Raises:
        UsageError: not a requirement, or one with an address (``name @ https://...``) or a marker.
    """
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0]
        raise UsageError(
            f"{text!r} is not a package requirement: {reason[:1].lower()}{reason[1:]}",
            hint="write a name, options and versions: 'mpi4py', 'mpi4py==3.1.6', 'mpi4py[exe]<4'",
        ) from error
    if requirement.url:
        raise UsageError(
            f"{text!r} names an address; a package is built from a recipe",
            hint="pybuild recipe list; docs/recipes.md says how to write one",
        )
    if requirement.marker:
        raise UsageError(
            f"{text!r} has a condition, and what is asked for by name is always wanted",
            hint=f"leave it out: {text.partition(';')[0].strip()!r}",
        )
    return _spec(text, requirement)


def parse_requirement(text: str, python: str) -> Spec | None:
    """Return a recipe's requirement taken apart, None where its marker excludes this Python.

    Args:
        python: full version of the target Python, for markers such as ``python_version < "3.11"``.
    """
    requirement = Requirement(text)
    if requirement.marker is not None:
        short = ".".join(python.split(".")[:2])
        if not requirement.marker.evaluate({"python_version": short, "python_full_version": python}):
            return None
    return _spec(text, requirement)


def _spec(text: str, requirement: Requirement) -> Spec:
    return Spec(
        text=text,
        name=canonicalize_name(requirement.name),
        options=tuple(sorted(requirement.extras)),
        specifier=str(requirement.specifier),
    )
