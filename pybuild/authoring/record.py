"""A drafted recipe before it becomes text."""

from __future__ import annotations

from dataclasses import dataclass, field

from pybuild.authoring.needs import Needs


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One item of a list or mapping, with the comment that stands above it.

    Attributes:
        text: of the item, or of the mapping's value.
        key: of the mapping, ``""`` in a list.
    """

    text: str
    key: str = ""
    comments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftedRelease:
    """One version with its hashes, of its source, its wheels or both."""

    version: str
    python: str = ""
    file: str = ""
    sha256: str = ""
    wheels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """Everything that a drafted recipe says.

    Attributes:
        about: summary, homepage and license.
        source: ``pypi`` or ``url``, with the value.
        virtual, env: with what was seen.
        build, run: requirements of the build and of the installed package.
        tests: finished lines of the tests section.
        scripts: (file name, text) of what stands beside the recipe.
        header, build_notes, run_notes, env_notes: comments, one line each.
    """

    name: str
    about: tuple[Row, ...]
    source: tuple[str, str]
    releases: tuple[DraftedRelease, ...]
    system: str
    header: tuple[str, ...] = ()
    virtual: tuple[Row, ...] = ()
    build: Needs = field(default_factory=Needs)
    build_notes: tuple[str, ...] = ()
    run: Needs = field(default_factory=Needs)
    run_notes: tuple[str, ...] = ()
    env: tuple[Row, ...] = ()
    env_notes: tuple[str, ...] = ()
    script: str = ""
    tests: tuple[str, ...] = ()
    scripts: tuple[tuple[str, str], ...] = ()
