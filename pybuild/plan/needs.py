"""The words of the search: what is needed, what could answer it, and what never goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pybuild.errors import PlanError
from pybuild.model.machine import CondaPackage, Installed
from pybuild.model.recipe import Release
from pybuild.model.request import Spec
from pybuild.plan.providers import Bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A package that must be there, within a specifier.

    Attributes:
        because: who wants it where no other package does: ``asked for``.
        options: options that it must have; all that are wanted are put together.
        without: options that it must not have.
    """

    name: str
    specifier: str = ""
    options: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    because: str = ""

    @property
    def identifier(self) -> str:
        """What the search calls it."""
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Seek:
    """A virtual for which one provider must be chosen."""

    virtual: str

    @property
    def identifier(self) -> str:
        """What the search calls it; no package has such a name."""
        return f"<{self.virtual}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Never:
    """Why a candidate cannot be taken, whatever else is chosen."""

    error: PlanError

    @property
    def identifier(self) -> str:
        """What the search calls it; nothing answers it."""
        return "<never>"


Wish = Need | Seek | Never


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """One way to have a package: the prefix's own, a conda channel's, or a release of its recipe.

    Two of them are the same only if they are one object; whoever makes them makes each once.

    Attributes:
        options: those that it has in the prefix, or that it would be built with.
    """

    name: str
    version: str
    options: tuple[str, ...] = ()
    keep: Installed | None = None
    foreign: CondaPackage | None = None
    release: Release | None = None

    @property
    def identifier(self) -> str:
        """What the search calls it."""
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Supply:
    """One provider of a virtual."""

    bound: Bound

    @property
    def identifier(self) -> str:
        """What the search calls it."""
        return f"<{self.bound.virtual}>"


Answer = Candidate | Supply


class Universe(Protocol):
    """Everything that can be chosen from."""

    def answers(self, wishes: Sequence[Wish]) -> Sequence[Answer]:
        """Return what meets all of these wishes, which have one identifier, the best first."""

    def meets(self, wish: Wish, answer: Answer) -> bool:
        """Return whether an answer is one to this wish."""

    def wishes_of(self, answer: Answer) -> Sequence[Wish]:
        """Return what an answer needs in turn."""

    def rank(self, identifier: str) -> int:
        """Return the place of an identifier in an order in which who asks comes before what is asked."""


def need_of(spec: Spec, because: str = "") -> Need:
    """Return a requirement as a need."""
    return Need(name=spec.name, specifier=spec.specifier, options=spec.options, because=because)


def spec_of(need: Need) -> Spec:
    """Return a need as a requirement."""
    return Spec(text=need.name, name=need.name, options=need.options, specifier=need.specifier)
