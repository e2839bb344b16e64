"""The check that every ``${{ ... }}`` of a recipe can be filled in."""

from __future__ import annotations

from collections.abc import Iterator

from pybuild.load.document import KeyPath
from pybuild.load.lint import Finding
from pybuild.load.virtuals import VIRTUALS, broken_template, templates
from pybuild.model.plan import LATE
from pybuild.model.recipe import Recipe
from pybuild.model.site import base_of

_BUILD_KEYS = ("env", "args", "install_args", "build_commands", "install_commands")


def known_templates(recipe: Recipe) -> Iterator[Finding]:
    """Templates are late tokens, the version, or known fields of virtuals that the recipe asks for."""
    asked = set(recipe.requirements.virtual)
    for override in recipe.overrides:
        asked |= {name for kind, names in override.requirements or () if kind == "virtual" for name in names}
    plain = {*LATE, "version"}
    for path, text in _texts(recipe):
        if broken_template(text):
            yield path, f'found "{text}", expected templates as ${{{{ mpi.cc }}}}'
        allowed = {"version"} if path[0] == "source" else {"prefix"} if path[0] == "provides" else plain
        for name in templates(text):
            yield from ((path, wrong) for wrong in _wrong(name, asked, allowed))


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
    yield ("source", "url"), recipe.source.url or ""
    for provided in recipe.provides:
        for field, value in provided.fields:
            yield ("provides", provided.virtual, field), value
    build = recipe.build
    yield from _build_texts(("build",), {key: getattr(build, key) for key in _BUILD_KEYS})
    for number, override in enumerate(recipe.overrides):
        yield from _build_texts(("overrides", number, "build"), dict(override.build or ()))
    for index, test in enumerate(recipe.tests):
        for place, word in enumerate(test.command):
            yield ("tests", index, "command", place), word


def _build_texts(path: KeyPath, build: dict[str, object]) -> Iterator[tuple[KeyPath, str]]:
    for key in _BUILD_KEYS:
        value = build.get(key, ())
        assert isinstance(value, tuple)
        for index, row in enumerate(value):
            if key == "env":
                yield (*path, key, row[0]), row[1]
            elif isinstance(row, tuple):
                yield from (((*path, key, index, place), word) for place, word in enumerate(row))
            else:
                yield (*path, key, index), row
