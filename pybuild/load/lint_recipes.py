"""The checks of :func:`pybuild.load.lint.lint_recipe`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import pairwise

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from pybuild.load.document import KeyPath
from pybuild.load.lint import Finding, RecipeCheck
from pybuild.load.lint_templates import known_templates
from pybuild.load.virtuals import VIRTUALS, known_virtual, known_virtuals
from pybuild.model.recipe import Check, Recipe
from pybuild.model.site import base_of

CHECKS: list[RecipeCheck] = []

_INDEX_HOSTS = re.compile(r"\b(pypi\.(org|io|python\.org)|pythonhosted\.org|test\.pypi\.org)\b")
_SPDX = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")
_NOT_SPDX = {
    "BSD",
    "GPL",
    "LGPL",
    "Apache",
    "Apache2",
    "Apache-2",
    "GPLv2",
    "GPLv3",
    "BSD3",
    "MPL",
    "PSF",
    "Public",
}
# The Pythons that a specifier may be about; one that matches none of them is a slip.
_PYTHONS = ("2.7.18", *(f"3.{minor}.{patch}" for minor in range(3, 20) for patch in range(25)))


def check(function: RecipeCheck) -> RecipeCheck:
    """Register a check."""
    CHECKS.append(function)
    return function


@check
def name_is_folder(recipe: Recipe) -> Iterator[Finding]:
    """The recipe's name is that of its folder."""
    folder = os.path.basename(recipe.directory)
    if folder != recipe.name:
        yield ("name",), f'found "{recipe.name}" in the folder "{folder}"; the two must be equal'


@check
def addresses(recipe: Recipe) -> Iterator[Finding]:
    """Addresses are https, and none is a package index's."""
    for path, address in (
        (("about", "homepage"), recipe.about.homepage),
        (("source", "url"), recipe.source.url or ""),
        (("source", "pypi"), recipe.source.pypi or ""),
    ):
        if path[-1] != "pypi" and address and not address.startswith("https://"):
            yield path, f'found "{address}", expected an https address'
        if "://" in address and path[-1] == "pypi":
            yield path, f'found the address "{address}", expected the name of a project on the package index'
        if path[0] == "source" and _INDEX_HOSTS.search(address):
            yield path, 'names an index host; write "pypi: <project>", the site says where its index is'


@check
def licence(recipe: Recipe) -> Iterator[Finding]:
    """The licence looks like an SPDX expression."""
    parts = re.split(r"\s+(?:AND|OR|WITH)\s+", recipe.about.license.replace("(", "").replace(")", ""))
    for part in parts:
        if not _SPDX.fullmatch(part) or part in _NOT_SPDX:
            yield ("about", "license"), f'found "{part}", expected an SPDX name such as BSD-3-Clause'


@check
def versions_in_order(recipe: Recipe) -> Iterator[Finding]:
    """Versions stand newest first."""
    versions = [release.version for release in recipe.releases]
    for one, next_one in pairwise(versions):
        if Version(one) <= Version(next_one):
            yield ("versions", next_one), f"stands below {one}; versions are sorted newest first"


@check
def files_fit_system(recipe: Recipe) -> Iterator[Finding]:
    """Wheels are for build system wheel, source archives for all others; an address names one version."""
    wheel = recipe.build.system == "wheel"
    for release in recipe.releases:
        path: KeyPath = ("versions", release.version)
        if wheel and not release.wheels:
            yield path, "build system wheel needs wheels, found sha256"
        if not wheel and release.wheels:
            yield path, f"wheels are for build system wheel, found build system {recipe.build.system}"
        for file, _sha256 in release.wheels:
            if Version(file.split("-")[1]) != Version(release.version):
                yield (*path, "wheels", file), f"is not a wheel of version {release.version}"


@check
def specifiers(recipe: Recipe) -> Iterator[Finding]:
    """Every specifier can be read; those about Python match one, those about versions match a version."""
    versions = [release.version for release in recipe.releases]
    for release in recipe.releases:
        yield from _specifier(("versions", release.version, "python"), release.python, _PYTHONS, "no Python")
    for option in recipe.options:
        path: KeyPath = ("options", option.name, "versions")
        yield from _specifier(path, option.versions, versions, "no version of this recipe")
    for number, override in enumerate(recipe.overrides):
        when: KeyPath = ("overrides", number, "when")
        nothing = "no version of this recipe, so the override is dead"
        yield from _specifier((*when, "version"), override.when.version or "", versions, nothing)
        yield from _specifier((*when, "python"), override.when.python or "", _PYTHONS, "no Python")


def _specifier(
    path: KeyPath, text: str, candidates: tuple[str, ...] | list[str], nothing: str
) -> Iterator[Finding]:
    try:
        specifier = SpecifierSet(text)
    except InvalidSpecifier:
        yield path, f'found "{text}", expected a version specifier such as ">=3.8,<3.13"'
        return
    if not any(specifier.contains(candidate, prereleases=True) for candidate in candidates):
        yield path, f'"{text}" matches {nothing}'


@check
def requirements(recipe: Recipe) -> Iterator[Finding]:
    """Requirements can be read and name no address; virtuals are known."""
    kinds: list[tuple[KeyPath, tuple[str, ...]]] = [
        (("requirements", "build"), recipe.requirements.build),
        (("requirements", "run"), recipe.requirements.run),
        (("requirements", "virtual"), recipe.requirements.virtual),
    ]
    for number, override in enumerate(recipe.overrides):
        kinds += [
            (("overrides", number, "requirements", kind), row) for kind, row in override.requirements or ()
        ]
    for path, texts in kinds:
        for index, text in enumerate(texts):
            wrong = _unknown_virtual(text) if path[-1] == "virtual" else _bad_requirement(text)
            if wrong:
                yield (*path, index), wrong


def _unknown_virtual(name: str) -> str:
    return "" if known_virtual(name) else f'unknown virtual "{name}"; known are {known_virtuals()}'


def _bad_requirement(text: str) -> str:
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return f'found "{text}", expected a requirement such as "cython >=3"'
    if requirement.url or requirement.marker:
        return f'found "{text}", expected a name and versions only; conditions stand in overrides'
    return ""


@check
def options_declared(recipe: Recipe) -> Iterator[Finding]:
    """Overrides name declared options, and say why they exist."""
    names = {option.name for option in recipe.options}
    for number, override in enumerate(recipe.overrides):
        option = override.when.option
        if option is not None and option not in names:
            known = f"declared are {', '.join(sorted(names))}" if names else "the recipe declares none"
            yield ("overrides", number, "when", "option"), f'undeclared option "{option}"; {known}'
        if override.when.site is not None and not override.reason:
            yield ("overrides", number), "an override for one site needs a reason"


@check
def provided_fields(recipe: Recipe) -> Iterator[Finding]:
    """Provided virtuals and their fields are known."""
    for provided in recipe.provides:
        path: KeyPath = ("provides", provided.virtual)
        if not known_virtual(provided.virtual):
            yield path, _unknown_virtual(provided.virtual)
            continue
        for field, _value in provided.fields:
            if field not in VIRTUALS[base_of(provided.virtual)]:
                known = ", ".join(VIRTUALS[base_of(provided.virtual)])
                yield (*path, field), f"{provided.virtual} has no such field; known are {known}"


@check
def tests_present(recipe: Recipe) -> Iterator[Finding]:
    """There is a test; a user of MPI proves its linking and its ranks; test scripts exist."""
    if not recipe.tests:
        yield ("tests",), "no tests; at least one import is needed"
    if "mpi" in recipe.requirements.virtual and recipe.tests:
        if not any(test.to == "mpi" for test in recipe.tests):
            yield ("tests",), 'needs mpi but no test checks "links: {module: ..., to: mpi}"'
        if not any(test.ranks > 1 for test in recipe.tests):
            yield ("tests",), 'needs mpi but no test runs "ranks: 2" or more'
    for path, test in _tests(recipe):
        if test.python and not os.path.isfile(os.path.join(recipe.directory, test.python)):
            yield (*path, "python"), f'there is no file "{test.python}" beside the recipe'
        if test.to and test.to not in map(base_of, recipe.requirements.virtual):
            yield (*path, "links", "to"), f'"{test.to}" is not among requirements.virtual'


def _tests(recipe: Recipe) -> Iterator[tuple[KeyPath, Check]]:
    for index, test in enumerate(recipe.tests):
        yield ("tests", index), test
    for number, override in enumerate(recipe.overrides):
        for index, test in enumerate(override.tests or ()):
            yield ("overrides", number, "tests", index), test


CHECKS.append(known_templates)
