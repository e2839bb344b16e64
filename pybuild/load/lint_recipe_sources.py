"""Checks of where a recipe's bytes come from, and of the files beside it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from packaging.version import InvalidVersion, Version

from pybuild.load.document import KeyPath
from pybuild.load.lint import Finding
from pybuild.load.lint_recipe_build import shell_texts, systems_of
from pybuild.model.recipe import Check, Recipe

# Known by how an index lays out its files, and by what its hosts are called everywhere.
_INDEX_HOSTS = re.compile(r"//[^/]*\bpypi\b|/packages/(source/|[0-9a-f]{2}/[0-9a-f]{2}/)|^[^/]*\bpypi\.")
_MOVES = re.compile(r"/(?:latest|main|master|trunk|HEAD|nightly|stable|current)(?:[/.]|$)")
_OWN = {"recipe.yaml", "proof.yaml"}


def sources_of(recipe: Recipe) -> Iterator[tuple[KeyPath, str]]:
    """Yield each address that bytes are fetched from, and its place."""
    for kind in ("url", "git"):
        yield ("source", kind), getattr(recipe.source, kind) or ""
        for number, extra in enumerate(recipe.sources):
            yield ("sources", number, kind), getattr(extra.source, kind) or ""
    for release in recipe.releases:
        yield ("versions", release.version, "url"), release.url


def addresses(recipe: Recipe) -> Iterator[Finding]:
    """Addresses are https, have no password, and none is a package index's."""
    for path, address in ((("about", "homepage"), recipe.about.homepage), *sources_of(recipe)):
        if not address:
            continue
        if not address.startswith("https://"):
            yield path, f'found "{address}", expected an https address'
        if "@" in address.removeprefix("https://").partition("/")[0]:
            yield path, "has a user name or password in it; what is public needs none"
        if path[0] != "about" and _INDEX_HOSTS.search(address):
            yield path, 'names an index host; write "pypi: <project>", the site says where its index is'
    projects: list[tuple[KeyPath, str | None]] = [(("source", "pypi"), recipe.source.pypi)]
    projects += [(("sources", n, "pypi"), extra.source.pypi) for n, extra in enumerate(recipe.sources)]
    for path, project in projects:
        if "://" in (project or ""):
            yield path, f'found the address "{project}", expected the name of a project on the package index'
        elif _INDEX_HOSTS.search(project or ""):
            yield path, 'names an index host; write "pypi: <project>", the site says where its index is'


def addresses_are_pinned(recipe: Recipe) -> Iterator[Finding]:
    """An address names one release and nothing that moves; one for several versions holds the version."""
    for path, address in sources_of(recipe):
        moves = _MOVES.search(address) if path[-1] == "url" else None
        if moves:
            yield path, f'"{moves.group().strip("/.")}" names something else tomorrow; expected one release'
    shared = [release for release in recipe.releases if not release.url]
    url = recipe.source.url or ""
    if url and "${{" not in url and len(shared) > 1:
        yield ("source", "url"), f"is the same for {len(shared)} versions; expected ${{{{ version }}}} in it"


def files_fit_system(recipe: Recipe) -> Iterator[Finding]:
    """Wheels are for build system wheel, source archives for all others; an address names one version."""
    systems = systems_of(recipe)
    for release in recipe.releases:
        path: KeyPath = ("versions", release.version)
        if recipe.build.system == "wheel" and not release.wheels:
            yield path, "build system wheel needs wheels, found sha256"
        if recipe.build.system != "wheel" and release.sha256 is None:
            yield path, f"wheels are for build system wheel, found build system {recipe.build.system}"
        elif release.wheels and "wheel" not in systems:
            yield (*path, "wheels"), f"build system {recipe.build.system} never takes a wheel"
        for file, _sha256 in release.wheels:
            try:
                fits = Version(file.split("-")[1]) == Version(release.version)
            except InvalidVersion:
                fits = False
            if not fits:
                yield (*path, "wheels", file), f"is not a wheel of version {release.version}"


def release_keys_fit_source(recipe: Recipe) -> Iterator[Finding]:
    """A version has the keys that its source looks at, and no others."""
    for release in recipe.releases:
        path: KeyPath = ("versions", release.version)
        if recipe.source.git and release.sha256 and not (release.commit or release.url):
            yield path, "has no commit, which a git source needs"
        if release.commit and not recipe.source.git:
            yield (*path, "commit"), "only a git source looks at it"
        if release.file and (not recipe.source.pypi or release.url):
            yield (*path, "file"), "only source.pypi looks at it; an address names its file itself"
        if release.sha256 is None and (release.file or release.url or release.commit):
            key = "file" if release.file else "url" if release.url else "commit"
            yield (*path, key), "there is no sha256 of a source that it could be about"


def files_are_used(recipe: Recipe) -> Iterator[Finding]:
    """Every file beside the recipe is a test's script, a patch, or named in bash text."""
    tests: list[Check] = [*recipe.tests, *(t for o in recipe.overrides for t in o.tests or ())]
    used = {*_OWN, *(test.python for test in tests), *(patch.file for patch in recipe.patches)}
    texts = [text for _path, text in shell_texts(recipe)]
    try:
        names = sorted(os.listdir(recipe.directory))
    except OSError:
        return
    for name in names:
        if name in used or name.startswith((".", "__pycache__", "README")):
            continue
        if not any(name in text for text in texts):
            yield (), f'nothing in the recipe names the file "{name}" beside it'
