"""The check that every ``${{ ... }}`` of a recipe can be filled in."""

from __future__ import annotations

from collections.abc import Iterator

from pybuild.load.document import KeyPath
from pybuild.load.lint import Finding
from pybuild.load.lint_recipe_build import SHELL_KEYS
from pybuild.load.lint_recipe_sources import sources_of
from pybuild.load.lint_recipe_tests import tests_of
from pybuild.load.virtuals import VIRTUALS, broken_template, templates
from pybuild.model.plan import LATE
from pybuild.model.providers import base_of
from pybuild.model.recipe import Recipe

_BUILD_KEYS = (
    "env", "args", "build_args", "install_args", "build_commands", "install_commands", "stage_paths",
    *SHELL_KEYS,
)  # fmt: skip


def known_templates(recipe: Recipe) -> Iterator[Finding]:
    """Templates are late tokens, the version, or known fields of virtuals that the recipe asks for."""
    asked = set(recipe.requirements.virtual)
    for override in recipe.overrides:
        asked |= {name for kind, names in override.requirements or () if kind == "virtual" for name in names}
    for path, text in _texts(recipe):
        if broken_template(text) and path[-1] not in SHELL_KEYS:  # for bash there is a check of its own
            yield path, f'found "{text}", expected templates as ${{{{ mpi.cc }}}}'
        for name in templates(text):
            yield from ((path, wrong) for wrong in _wrong(name, asked, _plain(path)))


def _plain(path: KeyPath) -> set[str]:
    """Return the templates without a dot that may stand in a place."""
    if path[0] in ("source", "sources", "versions"):
        return {"version"}
    if path[0] == "provides" or "tests" in path:
        return {"prefix"}
    return {*LATE, "version"}


def _wrong(name: str, asked: set[str], plain: set[str]) -> Iterator[str]:
    if name in plain:
        return
    virtual, dot, field = name.partition(".")
    if not dot or virtual not in VIRTUALS:
        yield f'unknown template "{name}"'
    elif field not in VIRTUALS[virtual]:
        yield f'"{name}": {virtual} has no field "{field}"; known are {", ".join(VIRTUALS[virtual])}'
    elif virtual not in map(base_of, asked):
        yield f'"{name}" needs "{virtual}" in requirements.virtual'


def _texts(recipe: Recipe) -> Iterator[tuple[KeyPath, str]]:
    yield from sources_of(recipe)
    for provided in recipe.provides:
        for field, value in provided.fields:
            yield ("provides", provided.virtual, field), value
    build = recipe.build
    yield from _build_texts(("build",), {key: getattr(build, key) for key in _BUILD_KEYS})
    for number, override in enumerate(recipe.overrides):
        yield from _build_texts(("overrides", number, "build"), dict(override.build or ()))
    for path, test in tests_of(recipe):
        for place, word in enumerate(test.command):
            yield (*path, "command", place), word


def _build_texts(path: KeyPath, build: dict[str, object]) -> Iterator[tuple[KeyPath, str]]:
    for key in _BUILD_KEYS:
        value = build.get(key, ())
        if isinstance(value, str):
            yield (*path, key), value
            continue
        assert isinstance(value, tuple)
        for index, row in enumerate(value):
            if key == "env":
                yield (*path, key, row[0]), row[1]
            elif isinstance(row, tuple):
                yield from (((*path, key, index, place), word) for place, word in enumerate(row))
            else:
                yield (*path, key, index), row
