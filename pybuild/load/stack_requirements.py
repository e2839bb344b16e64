"""The requirements of a stack file: each well-formed, and each package in one section only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pybuild.errors import UsageError
from pybuild.load.document import KeyPath
from pybuild.model.stack import Stack


class Wanted(NamedTuple):
    """One requirement: the package's name as the index spells it, what is demanded, where it stands."""

    name: str
    demand: str
    key: KeyPath
    conditional: bool = False


def check_requirements(stack: Stack, _data: Mapping[str, object]) -> Iterator[tuple[KeyPath, str]]:
    """Yield what is wrong with the three sections, one by one and together."""
    seen: dict[str, Wanted] = {}
    for section, read in (("conda", _conda), ("recipes", _recipe), ("index", _index)):
        for number, text in enumerate(getattr(stack, section)):
            key: KeyPath = (section, number)
            try:
                wanted = read(text, key)
            except ValueError as error:
                yield key, str(error)
                continue
            other = seen.setdefault(wanted.name, wanted)
            if other is not wanted:
                yield from _twice(wanted, other)


def _twice(wanted: Wanted, other: Wanted) -> Iterator[tuple[KeyPath, str]]:
    section, first = str(wanted.key[0]), str(other.key[0])
    if section == first:
        if not (wanted.conditional and other.conditional):
            yield wanted.key, f"{wanted.name} stands in this section twice; put its conditions into one line"
    elif wanted.demand != other.demand:
        there, here = other.demand or "any version", wanted.demand or "any version"
        yield (
            wanted.key,
            (
                f"{wanted.name} is asked of {section} ({here}) and of {first} ({there}); "
                "one package comes from one place, so leave one of the two out"
            ),
        )


def _conda(text: str, key: KeyPath) -> Wanted:
    from pybuild.conda.channels import spec_name

    try:
        name = spec_name(text)
    except UsageError as error:
        raise ValueError(error.message) from error
    if name in ("python", "pip"):
        advice = 'write python: "3.11" at the top' if name == "python" else "every release has it"
        raise ValueError(f"{name} is no package of this list: {advice}")
    rest = text.partition("::")[2] or text
    demand = "".join(rest[len(name) :].split()) if rest.lower().startswith(name) else rest
    return Wanted(canonicalize_name(name), _plain(demand), key)


def _recipe(text: str, key: KeyPath) -> Wanted:
    requirement = _requirement(text, "'mpi4py', 'mpi4py>=4' or 'mpi4py[exe]==3.0.0'")
    if requirement.marker is not None:
        raise ValueError(f'"{text}" has a condition after ";", which only the index section takes')
    extras = ",".join(sorted(requirement.extras))
    return Wanted(canonicalize_name(requirement.name), _demand(requirement, extras), key)


def _index(text: str, key: KeyPath) -> Wanted:
    requirement = _requirement(text, "'rich', 'rich>=13' or 'rich[jupyter]; python_version < \"3.12\"'")
    name = canonicalize_name(requirement.name)
    extras = ",".join(sorted(requirement.extras))
    return Wanted(name, _demand(requirement, extras), key, requirement.marker is not None)


def _requirement(text: str, examples: str) -> Requirement:
    """Return a requirement taken apart.

    Raises:
        ValueError: it is none, or names an address.
    """
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        reason = str(error).splitlines()[0]
        raise ValueError(
            f'"{text}" is no requirement: {reason[:1].lower()}{reason[1:]}; expected {examples}'
        ) from error
    if requirement.url:
        raise ValueError(f'"{text}" names an address; what an address holds can change, expected {examples}')
    return requirement


def _demand(requirement: Requirement, extras: str) -> str:
    return (f"[{extras}]" if extras else "") + _plain(str(requirement.specifier))


def _plain(specifier: str) -> str:
    """Return a specifier in one spelling: ``==1.26`` is conda's ``1.26``, and its ``=1.26`` is ``1.26.*``."""
    return ",".join(sorted(map(_spelled, filter(None, specifier.split(",")))))


def _spelled(part: str) -> str:
    if part.startswith("=="):
        return part.removeprefix("==")
    return f"{part[1:].removesuffix('.*')}.*" if part.startswith("=") else part
