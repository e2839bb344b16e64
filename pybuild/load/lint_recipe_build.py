"""Checks of how a recipe builds: keys that nothing uses, and bash text that should be something else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields

from pybuild.load.document import KeyPath
from pybuild.load.lint import Finding
from pybuild.model.recipe import NATIVE, Build, Recipe

SHELL_KEYS = ("before", "after", "script")

_ANY = frozenset({"env", "folder", "before", "after", "stage_paths"})
USED: dict[str, frozenset[str]] = {
    "wheel": frozenset(),
    "python": _ANY | {"args"},
    "distutils": _ANY | {"args", "install_args", "build_commands", "install_commands"},
    "shell": _ANY | {"script"},
    **dict.fromkeys(NATIVE - {"shell"}, _ANY | {"args", "build_args", "install_args"}),
}
"""Keys of ``build`` that each build system looks at."""

_WORD = r"""(?:[^\s'";&|]|'[^']*'|"[^"]*")*"""
_SET = rf"[A-Za-z_][A-Za-z0-9_]*(?:={_WORD})?"
# "A=1" and "export A=1 B"; not "A=1 make", which sets the variable for a command.
_ASSIGNMENT = re.compile(rf"(?:export(?:\s+{_SET})+|[A-Za-z_][A-Za-z0-9_]*={_WORD})(?:\s*;)?(?:\s+#.*)?")
_BRACED = re.compile(r"\$\{(?!\{)[^}]*\}?")
_FETCHES = re.compile(r"https?://\S+|\b(?:wget|curl|git\s+clone|pip3?\s+(?:install|download))\b")


def systems_of(recipe: Recipe) -> frozenset[str]:
    """Return every build system that the recipe can come to have."""
    changed = (dict(override.build or ()).get("system") for override in recipe.overrides)
    return frozenset({recipe.build.system, *(str(system) for system in changed if system)})


def builds(recipe: Recipe) -> Iterator[tuple[KeyPath, dict[str, object], frozenset[str]]]:
    """Yield each ``build`` mapping: its place, the keys that it fills, the build systems it can be for."""
    systems = systems_of(recipe)
    own = {field.name: getattr(recipe.build, field.name) for field in fields(Build) if field.name != "system"}
    yield ("build",), {key: value for key, value in own.items() if value}, systems
    for number, override in enumerate(recipe.overrides):
        given = dict(override.build or ())
        system = given.pop("system", None)
        filled = {key: value for key, value in given.items() if value}
        yield ("overrides", number, "build"), filled, frozenset({str(system)}) if system else systems


def shell_texts(recipe: Recipe) -> Iterator[tuple[KeyPath, str]]:
    """Yield each bash text of a recipe and its place."""
    for path, given, _systems in builds(recipe):
        for key in SHELL_KEYS:
            if key in given:
                yield (*path, key), str(given[key])


def dead_keys(recipe: Recipe) -> Iterator[Finding]:
    """Every key of build is used by the build system that is chosen, or by one that an override chooses."""
    for path, given, systems in builds(recipe):
        for key in given:
            if any(key in USED[system] for system in systems):
                continue
            names = " or ".join(sorted(systems))
            fitting = ", ".join(sorted(system for system in USED if key in USED[system]))
            yield (*path, key), f"build system {names} does not use it; {fitting} would"


def script_given(recipe: Recipe) -> Iterator[Finding]:
    """The build system shell has a script wherever it is chosen."""
    if recipe.build.system == "shell" and not recipe.build.script:
        yield ("build",), "build system shell needs a script"
    for number, override in enumerate(recipe.overrides):
        given = dict(override.build or ())
        if given.get("system") == "shell" and not (given.get("script") or recipe.build.script):
            yield ("overrides", number, "build"), "build system shell needs a script"


def shell_does_something(recipe: Recipe) -> Iterator[Finding]:
    """Bash text does more than to set variables, which end with it."""
    for path, text in shell_texts(recipe):
        lines = [line.strip() for line in text.splitlines()]
        commands = [line for line in lines if line and not line.startswith("#")]
        if not commands:
            yield path, "does nothing"
        elif all(_ASSIGNMENT.fullmatch(line) and "$(" not in line for line in commands):
            yield path, "only sets variables, which no other step would see; put them into build.env"


def shell_braces(recipe: Recipe) -> Iterator[Finding]:
    """Bash text says ``$NAME``; braces are for templates."""
    for path, text in shell_texts(recipe):
        found = _BRACED.search(text)
        if found:
            instead = 'set -- and "$@"' if "[@]" in found.group() else "$NAME"
            yield path, f'found "{found.group()}", expected {instead}; only templates have braces'


def shell_fetches_nothing(recipe: Recipe) -> Iterator[Finding]:
    """Bash text fetches nothing: what a build needs has a hash in source, sources or requirements."""
    for path, text in shell_texts(recipe):
        for line in text.splitlines():
            found = None if line.lstrip().startswith("#") else _FETCHES.search(line)
            if found:
                yield path, f'"{found.group()}" fetches bytes without a hash; name them in sources instead'
