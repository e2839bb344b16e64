"""Collaboration stacks: what a stack file declares, what its lock pins, and what one deployed release is."""

from __future__ import annotations

from dataclasses import dataclass

from pybuild.model.machine import CondaPackage


@dataclass(frozen=True, slots=True, kw_only=True)
class SharePolicy:
    """Who may read a stack and who may change it.

    Attributes:
        group: name of the group that owns every path, None to leave each path's group alone.
        mode: symbolic mode of every path, as chmod writes it (``u=rwX,g=rX,o=``); ``X`` is for folders and
            files that somebody may execute. None for what the site has.
        setgid: folders hand their group on to what is made in them.
        read_only: nobody, not even the owner, may write to a release once it is deployed.
    """

    group: str | None = None
    mode: str | None = None
    setgid: bool = True
    read_only: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StackTest:
    """A test of the collaboration's own, run in a release before it is put in service.

    Attributes:
        command: argv; ``python`` is the release's own. Run in the folder of the stack file.
        ranks: started by the site's launcher with as many ranks; 0 for a plain process.
    """

    name: str
    command: tuple[str, ...]
    ranks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """A Miniconda or Miniforge installer that makes the base of a release.

    Attributes:
        file: path or https address of the shell script.
    """

    file: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A collaboration's declared environment: one stack file.

    Attributes:
        root: absolute path of the folder that holds all releases and the link to the one in service.
        site: name of the site, None to detect it.
        target: name of the site's target, None for its default.
        python: version (``3.11``), or path of an interpreter, or None for the newest supported.
        installer: makes the base of each release, None to take it from channels or the machine.
        channels: conda channels instead of the site's, best first.
        conda: conda match specs.
        index: requirements of the package index (PEP 508), installed as wheels.
        recipes: specs as on the command line, ``h5py[serial]>=3``.
        use: (virtual, provider) pairs instead of the site's first.
        environment: (variable, value) pairs that are set on activation.
        keep: how many releases ``prune`` leaves, the one in service included.
        verify: level that every recipe's package must reach before a release is put in service.
        file: absolute path of the stack file.
        text: the file as read.
    """

    name: str
    root: str
    site: str | None = None
    target: str | None = None
    python: str | None = None
    installer: Installer | None = None
    channels: tuple[str, ...] = ()
    conda: tuple[str, ...] = ()
    index: tuple[str, ...] = ()
    recipes: tuple[str, ...] = ()
    use: tuple[tuple[str, str], ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    share: SharePolicy = SharePolicy()
    keep: int = 3
    verify: str = "ranked"
    tests: tuple[StackTest, ...] = ()
    file: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedSite:
    """The site as it was when the lock was made; any difference is drift.

    Attributes:
        digest: SHA-256 of the site's file as read.
        modules: names with versions of everything that builds had loaded.
        identities: (virtual, identity) of each provider that packages bind.
        compiler: what the compiler said of itself, ``""`` where nothing is compiled.
    """

    name: str
    digest: str
    target: str = ""
    modules: tuple[str, ...] = ()
    identities: tuple[tuple[str, str], ...] = ()
    compiler: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedWheel:
    """One wheel of the package index.

    Attributes:
        requires: its run requirements that hold here, as PEP 508 without markers.
    """

    name: str
    version: str
    file: str
    sha256: str
    requires: tuple[str, ...] = ()
    requested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedRecipe:
    """One package that a recipe makes.

    Attributes:
        key: of its build; the same key is the same package.
        sources: (file, sha256) of everything that its build fetches.
        digest: SHA-256 of the recipe's text and the files beside it.
    """

    name: str
    version: str
    build: str
    key: str
    options: tuple[str, ...] = ()
    sources: tuple[tuple[str, str], ...] = ()
    digest: str = ""
    requested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Everything that a release is made of, exactly.

    Attributes:
        stack: name of the stack.
        declared: SHA-256 of the stack file that was resolved.
        python: full version.
        interpreter: identity of the machine's Python that the base is made from, ``""`` for conda's.
    """

    stack: str
    declared: str
    site: LockedSite
    subdir: str
    python: str
    interpreter: str = ""
    installer: str = ""
    conda: tuple[CondaPackage, ...] = ()
    index: tuple[LockedWheel, ...] = ()
    recipes: tuple[LockedRecipe, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One deployed version of a stack: ``<root>/releases/<name>``, a conda prefix.

    Attributes:
        name: ``2026-11-28-1``: the day it was begun and a number.
        path: absolute path.
        lock: SHA-256 of the lock that it was made from.
        begun: ISO time in UTC; when it was put in service the root's history knows.
        by: who deployed it.
        levels: (package, verification level reached).
    """

    name: str
    path: str
    lock: str
    begun: str
    by: str = ""
    levels: tuple[tuple[str, str], ...] = ()
