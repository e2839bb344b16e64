"""Sites as written: what one machine offers and demands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Where = Literal["path", "prefix", "recipe", "site"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One way a site can supply a virtual.

    Attributes:
        name: ``system``, ``wrapper``, ``mpich``; unique within the virtual.
        where: ``path`` looks for the programs on the PATH, ``prefix`` in the target prefix,
            ``recipe`` builds or installs the named recipe, ``site`` takes the fields as they stand.
        programs: (field, names to look for, best first); the first field is demanded, others may be missing.
        fields: (field, value) pairs that stand as written.
        recipe: name of the recipe, for ``where="recipe"``.
    """

    name: str
    where: Where
    programs: tuple[tuple[str, tuple[str, ...]], ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    recipe: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Virtual:
    """A thing that recipes ask for by name, and its providers, best first."""

    name: str
    providers: tuple[Provider, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Launcher:
    """What starts ranks.

    Attributes:
        ranks: argv before the program; ``${{ ranks }}`` and provider fields are filled in.
        oversubscribe: (variable, value) pairs set when there are fewer slots than ranks.
    """

    ranks: tuple[str, ...]
    oversubscribe: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A site's instruction with its reason.

    Attributes:
        virtual: acts on builds that need this virtual; None for every build.
        env: (variable, value) pairs set for the build.
        reason, source, review_after: why, who says so, and when to look again (ISO date or ``""``).
    """

    name: str
    reason: str
    source: str
    virtual: str | None = None
    env: tuple[tuple[str, str], ...] = ()
    review_after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One machine: ``sitecfg/<name>.yaml``.

    Attributes:
        detect_env: (variable, value) pairs that must all be in the environment; empty never detects.
        keep_env: names (``*`` at the end allowed) that pass into a build's otherwise empty environment.
        path: directories of the build's PATH.
        channels: conda channels to create prefixes from, best first.
        verify: the level that ``install`` demands unless the user says otherwise.
        text: the file as read, kept for the record.
        file: absolute path of the site's file.
    """

    name: str
    summary: str
    detect_env: tuple[tuple[str, str], ...] = ()
    keep_env: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    virtuals: tuple[Virtual, ...] = ()
    rules: tuple[Rule, ...] = ()
    launcher: Launcher | None = None
    channels: tuple[str, ...] = ()
    verify: str = "ranked"
    text: str = ""
    file: str = ""
