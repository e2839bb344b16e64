"""Requirements of a package as a recipe writes them: names and versions, with conditions in overrides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

PYTHONS = ("2.7", *(f"3.{minor}" for minor in range(6, 16)))
"""The Pythons that conditions are tried for."""

_OLDEST = {"oldest-supported-numpy": "numpy"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """One list of requirements, and what it is for other Pythons.

    Attributes:
        rows: for the newest Pythons.
        others: (specifier of the Pythons, rows) where the list differs.
        notes: what was left out or changed, one sentence each.
    """

    rows: tuple[str, ...] = ()
    others: tuple[tuple[str, tuple[str, ...]], ...] = ()
    notes: tuple[str, ...] = ()

    def names(self) -> tuple[str, ...]:
        """Return every name in any of the lists."""
        rows = (*self.rows, *(row for _, other in self.others for row in other))
        return tuple(dict.fromkeys(Requirement(row).name for row in rows))


def needs(texts: Iterable[str], python: str = "") -> Needs:
    """Return requirements of Linux and CPython; extras are left out.

    Args:
        texts: as in Requires-Dist or ``[build-system] requires``.
        python: specifier of the Pythons that the package is for.
    """
    found: list[Requirement] = []
    notes: list[str] = []
    for text in texts:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            notes.append(f"left out, because it cannot be read: {_plain(text)}")
            continue
        if requirement.url and _counts(requirement, python):
            notes.append(f"left out, because it names an address: {requirement.name}")
        if requirement.url:
            continue
        if requirement.extras and _counts(requirement, python):
            notes.append(f"without its extras: {requirement.name}[{','.join(sorted(requirement.extras))}]")
        found.append(requirement)
    lists = [(one, _rows(found, _environment(one))) for one in _pythons(python)]
    groups: list[tuple[list[str], tuple[str, ...]]] = []
    for one, rows in lists:
        if groups and groups[-1][1] == rows:
            groups[-1][0].append(one)
        else:
            groups.append(([one], rows))
    others = [(_span(groups, place), groups[place][1]) for place in range(len(groups) - 1)]
    return Needs(rows=groups[-1][1], others=tuple(others), notes=tuple(dict.fromkeys(notes)))


def merged(first: Needs, more: Iterable[str]) -> Needs:
    """Return needs with rows added to every list that does not have their names yet."""

    def plus(rows: tuple[str, ...]) -> tuple[str, ...]:
        names = {Requirement(row).name for row in rows}
        return (*rows, *(row for row in more if Requirement(row).name not in names))

    more = tuple(more)
    return Needs(
        rows=plus(first.rows),
        others=tuple((span, plus(rows)) for span, rows in first.others),
        notes=first.notes,
    )


def written(requirement: Requirement) -> str:
    """Return a requirement as recipes write it: ``numpy >=1.23,<3``."""
    name = canonicalize_name(requirement.name)
    name = canonicalize_name(_OLDEST.get(name, name))
    # One order for all: the lower end first, then exceptions, then the upper end.
    parts = sorted((str(part) for part in requirement.specifier), key=lambda text: (_kind(text), text))
    return f"{name} {','.join(parts)}".strip()


def _pythons(python: str) -> list[str]:
    return [one for one in PYTHONS if SpecifierSet(python).contains(f"{one}.99")] or [PYTHONS[-1]]


def _counts(requirement: Requirement, python: str) -> bool:
    """Return whether a requirement holds for any Python; those of extras never do."""
    return any(_rows([requirement], _environment(one)) for one in _pythons(python))


def _kind(text: str) -> int:
    return 0 if text.startswith((">", "~", "=")) else 1 if text.startswith("!") else 2


def _rows(found: Iterable[Requirement], environment: Mapping[str, str]) -> tuple[str, ...]:
    rows = [
        written(requirement)
        for requirement in found
        if requirement.marker is None or requirement.marker.evaluate(dict(environment))
    ]
    return tuple(dict.fromkeys(rows))


def _span(groups: list[tuple[list[str], tuple[str, ...]]], place: int) -> str:
    """Return the specifier of one group of Pythons: from where it begins to where the next one does."""
    begins, ends = groups[place][0][0], groups[place + 1][0][0]
    return f"<{ends}" if place == 0 else f">={begins},<{ends}"


def _environment(python: str) -> dict[str, str]:
    return {
        "python_version": python, "python_full_version": f"{python}.0",
        "implementation_version": f"{python}.0",
        "implementation_name": "cpython", "platform_python_implementation": "CPython", "os_name": "posix",
        "sys_platform": "linux" if python != "2.7" else "linux2", "platform_system": "Linux",
        "platform_machine": "x86_64", "platform_release": "", "platform_version": "", "extra": "",
    }  # fmt: skip


def _plain(text: str) -> str:
    return " ".join(text.split())[:80]
