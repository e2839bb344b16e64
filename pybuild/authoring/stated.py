"""Every hash that a recipe states, with the key that it stands under and the file that it is of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet

from pybuild.load.document import KeyPath
from pybuild.model.plan import Download
from pybuild.model.recipe import Recipe
from pybuild.plan.downloads import extra_download, source_download


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """One hash: ``download.sha256`` is what the recipe says."""

    key: KeyPath
    download: Download


def stated(recipe: Recipe) -> Iterator[Stated]:
    """Yield every hash of a recipe in the file's order."""
    for release in recipe.releases:
        key: KeyPath = ("versions", release.version)
        if release.sha256:
            yield Stated(key=(*key, "sha256"), download=source_download(recipe, release))
        for file, sha256 in release.wheels:
            download = Download(file=file, sha256=sha256, pypi=recipe.source.pypi)
            yield Stated(key=(*key, "wheels", file), download=download)
    for number, extra in enumerate(recipe.sources):
        versions = SpecifierSet(extra.when.version or "")
        release = next(
            (one for one in recipe.releases if versions.contains(one.version, prereleases=True)),
            recipe.releases[0],
        )
        yield Stated(key=("sources", number, "sha256"), download=extra_download(extra, recipe, release))
