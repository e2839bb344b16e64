"""New versions for a recipe that is there: which the index has, with their hashes, written into the file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from packaging.version import InvalidVersion, Version

from pybuild.authoring.index import Index
from pybuild.authoring.insert import with_release
from pybuild.authoring.offers import Offer, compiled, pure
from pybuild.authoring.record import DraftedRelease
from pybuild.errors import FetchError, UsageError
from pybuild.fetch.listing import IndexFile
from pybuild.fetch.network import Network
from pybuild.fetch.progress import SILENT, Progress
from pybuild.files import replace_file
from pybuild.load.document import read_text
from pybuild.load.lint import lint_recipe
from pybuild.load.recipes import load_recipe
from pybuild.model.recipe import Recipe


class Adding:
    """Adds versions to recipes; open until the ``with`` block ends.

    Args:
        environ: the user's environment, where pip looks for its settings.
        cache: for files whose hash the index does not tell.
        offline: nothing may be asked over the network.
    """

    def __init__(
        self, environ: Mapping[str, str], cache: Path, progress: Progress = SILENT, *, offline: bool = False
    ) -> None:
        self._network = Network(environ, offline=offline)
        self._index = Index(self._network, cache, progress=progress)

    def __enter__(self) -> Adding:
        """Return the adding itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._network.__exit__(kind, error, trace)

    def add(
        self, recipe: Recipe, versions: Sequence[str], *, newer: bool
    ) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """Add versions by name, and all newer ones if wanted; return file, versions and findings of lint.

        Raises:
            UsageError, FetchError, DocumentError: nothing was changed.
        """
        releases = named(recipe, versions, self._index) if versions else ()
        have = {release.version for release in releases}
        if newer:
            found = newer_than(recipe, self._index)
            releases = (*releases, *(release for release in found if release.version not in have))
        path = write(recipe, releases)
        problems = lint_recipe(load_recipe(path)) if releases else ()
        return path, tuple(release.version for release in releases), problems


def newer_than(recipe: Recipe, index: Index) -> tuple[DraftedRelease, ...]:
    """Return every release on the index that is newer than the recipe's newest, pre-releases left out.

    Raises:
        FetchError: the index cannot be asked.
        UsageError: the recipe's source is not an index project.
    """
    newest = max(Version(release.version) for release in recipe.releases)
    found = [
        drafted
        for offer in index.offers(_project(recipe))
        if Version(offer.version) > newest and not Version(offer.version).is_prerelease
        if (drafted := _release(recipe, offer, index)) is not None
    ]
    return tuple(found)


def named(recipe: Recipe, versions: Sequence[str], index: Index) -> tuple[DraftedRelease, ...]:
    """Return the releases that were asked for by version.

    Raises:
        UsageError: the recipe has one already, or one is no version.
        FetchError: the index does not have one in the form that the recipe uses.
    """
    have = {Version(release.version) for release in recipe.releases}
    offers = {offer.version: offer for offer in index.offers(_project(recipe))}
    rows = []
    for text in versions:
        version = _version(text)
        if version in have:
            raise UsageError(f"recipe {recipe.name} has {text} already")
        offer = offers.get(str(version))
        drafted = _release(recipe, offer, index) if offer else None
        if drafted is None:
            what = "wheel" if _takes_wheels(recipe) else "source archive"
            some = ", ".join(list(offers)[:5])
            raise FetchError(
                f"the index has no {what} of {recipe.source.pypi} {text}", hint=f"its newest versions: {some}"
            )
        rows.append(drafted)
    return tuple(rows)


def write(recipe: Recipe, releases: Sequence[DraftedRelease]) -> str:
    """Write releases into the recipe's file, whole or not at all; return its path.

    Raises:
        DocumentError: the file's versions are written in a way that no line can be added to.
    """
    path = os.path.join(recipe.directory, "recipe.yaml")
    if not releases:
        return path
    read_text(path)  # says in a sentence what is wrong with the file, if anything is
    text = Path(path).read_bytes().decode("utf-8")
    mark, text = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
    for release in releases:
        text = with_release(path, text, release)
    replace_file(path, mark + text)
    return path


def _release(recipe: Recipe, offer: Offer, index: Index) -> DraftedRelease | None:
    """Return a release in the form of the recipe's newest, None where the index does not have that."""
    model = recipe.releases[0]
    wheels: tuple[IndexFile, ...] = ()
    if model.wheels:
        wheels = _like(tuple(file for file, _ in model.wheels), offer)
    if (model.wheels and not wheels) or (model.sha256 and offer.sdist is None):
        return None
    sdist = offer.sdist if model.sha256 else None
    usual = f"{recipe.source.pypi}-{offer.version}.tar.gz"
    return DraftedRelease(
        version=offer.version,
        python=offer.python,
        file=sdist.name if sdist and sdist.name != usual else "",
        sha256=index.hash_of(sdist) if sdist else "",
        wheels=tuple((file.name, index.hash_of(file)) for file in wheels),
    )


def _like(names: Sequence[str], offer: Offer) -> tuple[IndexFile, ...]:
    """Return wheels of the kinds that the recipe has: compiled ones, the one for everything, or both."""
    everywhere = pure(offer.wheels)
    rows: list[IndexFile] = []
    if any(not name.endswith("-any.whl") for name in names):
        rows += compiled(offer.wheels)
    if everywhere and (not rows or any(name.endswith("-any.whl") for name in names)):
        rows.append(everywhere)
    return tuple(rows)


def _takes_wheels(recipe: Recipe) -> bool:
    return bool(recipe.releases[0].wheels)


def _project(recipe: Recipe) -> str:
    if not recipe.source.pypi:
        raise UsageError(
            f"the source of {recipe.name} is no project of the package index, so nothing lists its versions",
            hint="add the version by hand; recipe checksum --download then compares its hash with the bytes",
        )
    return recipe.source.pypi


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        raise UsageError(f"--add: found {text!r}, expected a version such as 4.1.2") from None
