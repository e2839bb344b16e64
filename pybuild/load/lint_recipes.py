"""The checks of :func:`pybuild.load.lint.lint_recipe`: this file has the small ones, and the list of all.

A check may look at the recipe and the files beside it and at nothing else: what it finds is remembered until
one of those changes (``catalog_lint.py``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from pybuild.load.document import KeyPath
from pybuild.load.lint import Finding, RecipeCheck
from pybuild.load.lint_recipe_build import (
    dead_keys,
    script_given,
    shell_braces,
    shell_does_something,
    shell_fetches_nothing,
)
from pybuild.load.lint_recipe_conditions import (
    conditions_hold,
    options_declared,
    options_used,
    overrides_change,
    specifiers,
)
from pybuild.load.lint_recipe_proof import proven
from pybuild.load.lint_recipe_sources import (
    addresses,
    addresses_are_pinned,
    files_are_used,
    files_fit_system,
    release_keys_fit_source,
)
from pybuild.load.lint_recipe_tests import commands_run_anywhere, mpi_has_compiler, tests_present
from pybuild.load.lint_templates import known_templates
from pybuild.load.readable import not_a_requirement, requirement_of
from pybuild.load.virtuals import VIRTUALS, known_virtual, known_virtuals
from pybuild.model.providers import base_of
from pybuild.model.recipe import Recipe, Requirements

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


def name_is_folder(recipe: Recipe) -> Iterator[Finding]:
    """The recipe's name is that of its folder."""
    folder = os.path.basename(recipe.directory)
    if folder != recipe.name:
        yield ("name",), f'found "{recipe.name}" in the folder "{folder}"; the two must be equal'


def licence(recipe: Recipe) -> Iterator[Finding]:
    """The licence is an SPDX expression."""
    path, text = ("about", "license"), recipe.about.license
    try:
        from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
    except ImportError:  # a packaging before 24.2
        parts = re.split(r"\s+(?:AND|OR|WITH)\s+", text.replace("(", "").replace(")", ""))
        for part in parts:
            if not _SPDX.fullmatch(part) or part in _NOT_SPDX:
                yield path, f'found "{part}", expected an SPDX name such as BSD-3-Clause'
        return
    try:
        proper = canonicalize_license_expression(text)
    except InvalidLicenseExpression:
        yield path, f'found "{text}", expected an SPDX name such as BSD-3-Clause'
        return
    if proper != text:
        yield path, f'found "{text}", expected the spelling "{proper}"'


def versions_in_order(recipe: Recipe) -> Iterator[Finding]:
    """Versions stand newest first."""
    versions = [release.version for release in recipe.releases]
    for one, next_one in pairwise(versions):
        if Version(one) <= Version(next_one):
            yield ("versions", next_one), f"stands below {one}; versions are sorted newest first"


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


def host_requirements(recipe: Recipe) -> Iterator[Finding]:
    """What stands beside a build is among what is installed with it."""
    own = recipe.requirements
    rows: list[tuple[KeyPath, Requirements]] = [(("requirements", "host"), own)]
    rows += [
        (("overrides", number, "requirements"), replace(own, **dict(override.requirements)))
        for number, override in enumerate(recipe.overrides)
        if override.requirements is not None
    ]
    for path, part in rows:
        names = {canonicalize_name(Requirement(text).name) for text in part.run if not _bad_requirement(text)}
        for name in part.host or ():
            if name not in names:
                yield path, f'host has "{name}", expected a name out of run'


def _unknown_virtual(name: str) -> str:
    return "" if known_virtual(name) else f'unknown virtual "{name}"; known are {known_virtuals()}'


def _bad_requirement(text: str) -> str:
    requirement = requirement_of(text)
    if requirement is None:
        return not_a_requirement(text)
    if requirement.url or requirement.marker:
        return f'found "{text}", expected a name and versions only; conditions stand in overrides'
    return ""


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


def provides_enough(recipe: Recipe) -> Iterator[Finding]:
    """What a package supplies can be found and linked by those who ask for it."""
    for provided in recipe.provides:
        given = {field for field, value in provided.fields if value}
        needed = ("cc", "mpiexec", "soname") if provided.virtual == "mpi" else ("root", "soname")
        missing = [field for field in needed if field not in given]
        if missing and known_virtual(provided.virtual):
            yield ("provides", provided.virtual), f"has no {' and no '.join(missing)}, which others ask for"


CHECKS: list[RecipeCheck] = [
    name_is_folder,
    addresses,
    addresses_are_pinned,
    licence,
    versions_in_order,
    files_fit_system,
    release_keys_fit_source,
    files_are_used,
    specifiers,
    conditions_hold,
    requirements,
    host_requirements,
    mpi_has_compiler,
    options_declared,
    options_used,
    overrides_change,
    dead_keys,
    script_given,
    shell_does_something,
    shell_braces,
    shell_fetches_nothing,
    provided_fields,
    provides_enough,
    tests_present,
    commands_run_anywhere,
    known_templates,
    proven,
]
