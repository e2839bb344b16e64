"""Checks of a recipe's tests: there are some, they prove what matters, and they can run anywhere."""

from __future__ import annotations

import os
from collections.abc import Iterator

from pybuild.load.document import KeyPath
from pybuild.load.lint import Finding
from pybuild.model.providers import base_of
from pybuild.model.recipe import HARNESS, Check, Recipe

_LAUNCHERS = {"mpiexec", "mpirun", "srun", "aprun", "jsrun", "ibrun", "prun"}


def tests_of(recipe: Recipe) -> Iterator[tuple[KeyPath, Check]]:
    """Yield every test of a recipe, those of its overrides too, and its place."""
    for index, test in enumerate(recipe.tests):
        yield ("tests", index), test
    for number, override in enumerate(recipe.overrides):
        for index, test in enumerate(override.tests or ()):
            yield ("overrides", number, "tests", index), test


def virtuals_of(recipe: Recipe) -> Iterator[tuple[KeyPath, tuple[str, ...]]]:
    """Yield every list of virtuals of a recipe, and its place."""
    yield ("requirements", "virtual"), recipe.requirements.virtual
    for number, override in enumerate(recipe.overrides):
        for kind, names in override.requirements or ():
            if kind == "virtual":
                yield ("overrides", number, "requirements", "virtual"), names


def tests_present(recipe: Recipe) -> Iterator[Finding]:
    """There is a test; a user of MPI proves its linking and its ranks; test scripts exist."""
    if not recipe.tests:
        yield ("tests",), "no tests; at least one import is needed"
    if "mpi" in recipe.requirements.virtual and recipe.tests:
        # A library that has MPI brings it along; linkers drop one that an extension does not call itself.
        bring = {base_of(name) for name in recipe.requirements.virtual if name.endswith("[mpi]")}
        if not any(test.to in {"mpi", "pnetcdf", *bring} for test in recipe.tests):
            yield ("tests",), 'needs mpi but no test checks "links: {module: ..., to: mpi}"'
        if not any(test.ranks > 1 for test in recipe.tests):
            yield ("tests",), 'needs mpi but no test runs "ranks: 2" or more'
    asked = {base_of(name) for _path, names in virtuals_of(recipe) for name in names}
    for path, test in tests_of(recipe):
        if test.python in HARNESS:
            told = f'"{test.python}" is a module of pybuild that scripts import; give the script another name'
            yield (*path, "python"), told
        elif test.python and not os.path.isfile(os.path.join(recipe.directory, test.python)):
            yield (*path, "python"), f'there is no file "{test.python}" beside the recipe'
        if test.to and test.to not in asked:
            yield (*path, "links", "to"), f'"{test.to}" is not among requirements.virtual'


def commands_run_anywhere(recipe: Recipe) -> Iterator[Finding]:
    """A command for ranks names no place of one machine and no launcher; the site starts the ranks."""
    for path, test in tests_of(recipe):
        if not test.ranks:
            continue
        for index, word in enumerate(test.command):
            if word.startswith("/"):
                told = f'"{word}" is a path of one machine; write ${{{{ prefix }}}}/bin/... or the bare name'
                yield (*path, "command", index), told
        if test.command and test.command[0].rpartition("/")[2] in _LAUNCHERS:
            yield (*path, "command", 0), "the site's launcher starts the ranks; name the program alone"


def mpi_has_compiler(recipe: Recipe) -> Iterator[Finding]:
    """Whoever asks for mpi asks for compiler as well: the wrapper calls one."""
    for path, names in virtuals_of(recipe):
        if "mpi" in names and "compiler" not in names:
            yield path, "has mpi without compiler, which the MPI wrapper calls; write [compiler, mpi]"
