"""What a site demands of builds and refuses in their results."""

from __future__ import annotations

from dataclasses import dataclass

from pybuild.model.modules import Operation, Time
from pybuild.model.pairs import Pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """When a rule acts; every field that is set must hold.

    Attributes:
        virtual: the build needs it.
        provider: (virtual, provider) pairs that were chosen.
        recipe: name of the recipe.
        target: name of the target.
        python: version specifier for the prefix's Python.
    """

    virtual: str | None = None
    provider: Pairs = ()
    recipe: str | None = None
    target: str | None = None
    python: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A site's instruction with its reason.

    Attributes:
        at: whether it holds while building, while running, or both.
        modules: operations, after those of target and providers.
        env: (variable, value) pairs that are set.
        unset: variables that are removed.
        forbid: patterns of modules that may not be loaded at the end; a recipe cannot overrule it.
        reason, source: why, and who says so.
        since, review_after: from when it holds and when to look again (ISO dates or ``""``).
    """

    name: str
    reason: str
    source: str
    when: When = When()
    at: tuple[Time, ...] = ("build",)
    modules: tuple[Operation, ...] = ()
    env: Pairs = ()
    unset: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()
    since: str = ""
    review_after: str = ""
    recalled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedLibrary:
    """A library that no file of a package may bring in.

    Attributes:
        name: stem of its file: ``libhugetlbfs``.
        rule: name of the rule that keeps it out, or ``""``.
    """

    name: str
    reason: str
    rule: str = ""
    source: str = ""
    recalled: str = ""
