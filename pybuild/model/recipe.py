"""Recipes as written: templates such as ``${{ mpi.cc }}`` are still in the strings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pybuild.model.modules import Operation

BuildSystem = Literal["python", "distutils", "wheel", "autotools", "cmake", "meson", "make", "shell"]

NATIVE: frozenset[str] = frozenset({"autotools", "cmake", "meson", "make", "shell"})
"""Build systems that install below a prefix of their own choice, not into a site-packages folder."""

TOOLS: dict[str, tuple[str, ...]] = {
    # pypa's build calls a project's own build backend, in the target's Python.
    "python": ("build",),
    "cmake": ("cmake", "ninja"),
    "meson": ("meson", "ninja"),
}
"""Requirements that a build system adds to the recipe's build requirements."""

HARNESS = ("pybuild_ranks.py", "pybuild_library.py")
"""Modules that come with pybuild and stand beside the test scripts that import them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a package is, for people."""

    summary: str
    homepage: str
    license: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a release's bytes come from; exactly one of the three is set.

    Attributes:
        pypi: name of a project on the package index, never a host.
        url: https address; may hold ``${{ version }}``.
        git: https address of a git repository; each release then names a commit.
    """

    pypi: str | None = None
    url: str | None = None
    git: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One version of a package and the hashes of its files.

    Attributes:
        version: as the recipe spells it.
        sha256: of the source archive; for git, of what ``git archive --format=tar`` makes of the commit;
            None where only wheels are known.
        wheels: (file name, sha256) of each wheel, for build system ``wheel``.
        python: version specifier of the Pythons that it works with, ``""`` for any.
        file: name of the source archive on the index where it is not ``<project>-<version>.tar.gz``.
        url: this release's own address, ``""`` for the recipe's.
        commit: for git, the commit's full name.
    """

    version: str
    sha256: str | None = None
    file: str = ""
    wheels: tuple[tuple[str, str], ...] = ()
    python: str = ""
    url: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A named choice, asked for as an extra: ``mpi4py[exe]``.

    Attributes:
        versions: specifier of the versions that have the option, ``""`` for all.
    """

    name: str
    summary: str
    versions: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """What a build needs.

    Attributes:
        virtual: names that the site provides (``compiler``, ``mpi``), in the order they are applied.
        build: requirements on other recipes, installed in an overlay for the build only.
        run: requirements on other recipes, installed in the prefix.
        host: names out of ``run`` that must stand beside the build too; None for all of them.
    """

    virtual: tuple[str, ...] = ()
    build: tuple[str, ...] = ()
    run: tuple[str, ...] = ()
    host: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """How a package is built.

    Attributes:
        system: which build system module plans the steps.
        env: (variable, value) pairs for the build.
        folder: folder of the source in which it is built, ``""`` for its top.
        args: extra arguments of the first command: the build's for Python, else configure's or its like.
        build_args: extra arguments of the build command of the systems that configure first.
        install_args: extra arguments of the install command.
        build_commands, install_commands: for ``distutils``, more commands of setup.py after each.
        before, after: bash text that runs in the source before the first command, and after the files
            stand in ``$STAGED``.
        script: bash text that is the whole build, for ``shell``.
        stage_paths: patterns of files that may mention folders of the stage.
    """

    system: BuildSystem = "python"
    folder: str = ""
    env: tuple[tuple[str, str], ...] = ()
    args: tuple[str, ...] = ()
    build_args: tuple[str, ...] = ()
    install_args: tuple[str, ...] = ()
    build_commands: tuple[tuple[str, ...], ...] = ()
    install_commands: tuple[tuple[str, ...], ...] = ()
    before: str = ""
    after: str = ""
    script: str = ""
    stage_paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One test of a recipe: ``imports``, ``module`` or ``library``, ``python`` or ``command``.

    Attributes:
        imports: modules that must import without starting MPI.
        module: dotted name of an extension module whose linking is checked (found by path, never imported).
        library: shared library or program whose linking is checked, relative to the prefix.
        to: virtual whose library it must link.
        python: file beside the recipe, run with the prefix's Python.
        command: argv, run in the prefix.
        ranks: number of MPI ranks to run under, 0 for none.
    """

    imports: tuple[str, ...] = ()
    module: str | None = None
    library: str | None = None
    to: str | None = None
    python: str | None = None
    command: tuple[str, ...] = ()
    ranks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """When an override applies; every field that is set must hold.

    Attributes:
        version: specifier for the package's version.
        python: specifier for the prefix's Python.
        option: name of an option that was asked for.
        site: name of a site.
    """

    version: str | None = None
    python: str | None = None
    option: str | None = None
    site: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraSource:
    """One more archive, unpacked below the main source.

    Attributes:
        folder: where, relative to the main source.
        file: its name on the index, for ``pypi``.
        commit: the commit's full name, for ``git``.
    """

    folder: str
    sha256: str
    source: Source
    file: str = ""
    commit: str = ""
    when: Condition = Condition()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A change to the unpacked source, applied with ``patch -p1``.

    Attributes:
        file: name beside the recipe.
        text: what the file holds.
        reason: why; ``source``: where it comes from.
    """

    file: str
    text: str
    reason: str
    when: Condition = Condition()
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Replaces parts of a recipe under a condition: lists replace lists, mappings merge by key.

    Attributes:
        reason: why, for ``explain``; ``""`` where it is plain.
        requirements, build, tests: as written, partial; None leaves that part alone.
            ``requirements`` and ``build`` keep the raw mapping, so that "not given" differs from "empty".
    """

    when: Condition
    reason: str = ""
    requirements: tuple[tuple[str, tuple[str, ...]], ...] | None = None
    build: tuple[tuple[str, object], ...] | None = None
    tests: tuple[Check, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeModules:
    """Module operations of a package's own, under a condition, after those of the site."""

    operations: tuple[Operation, ...]
    reason: str
    when: Condition = Condition()
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provides:
    """A virtual that this package supplies once it is installed.

    Attributes:
        virtual: the name, for example ``mpi``.
        fields: (name, value) pairs that other recipes may use; ``${{ prefix }}`` stands for the
            prefix that holds the package. ``soname`` is the library an extension must link.
    """

    virtual: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One package: ``recipes/<name>/recipe.yaml``.

    Attributes:
        directory: absolute path of the recipe's folder, for patches and test scripts.
        text: the file as read, kept for the record.
        absent: libraries that plugins of the package need and that only some machines have.
        unproven: true where nobody has built it with this repository yet.
    """

    name: str
    about: About
    source: Source
    releases: tuple[Release, ...]
    requirements: Requirements = Requirements()
    options: tuple[Option, ...] = ()
    sources: tuple[ExtraSource, ...] = ()
    patches: tuple[Patch, ...] = ()
    build: Build = Build()
    overrides: tuple[Override, ...] = ()
    modules: tuple[RecipeModules, ...] = ()
    provides: tuple[Provides, ...] = ()
    tests: tuple[Check, ...] = ()
    absent: tuple[str, ...] = ()
    unproven: bool = False
    directory: str = ""
    text: str = ""
