"""The files that a release is made from."""

from __future__ import annotations

from pybuild.errors import PlanError
from pybuild.model.plan import Download
from pybuild.model.recipe import ExtraSource, Recipe, Release, Source


def source_download(recipe: Recipe, release: Release) -> Download:
    """Return the archive of a release.

    Raises:
        PlanError: the release has wheels only.
    """
    where = f"recipe {recipe.name}: versions.{release.version}"
    if release.sha256 is None:
        raise PlanError(
            f"{where}: has no sha256 of a source, only wheels, and is to be built from source",
            hint=f"pybuild recipe checksum {recipe.name}",
        )
    if recipe.source.git and not release.commit:
        raise PlanError(f"{where}: has no commit, which a git source needs")
    source = Source(url=release.url) if release.url else recipe.source
    file = release.file or f"{recipe.source.pypi}-{release.version}.tar.gz"
    return _download(source, release.version, release.sha256, file, release.commit, recipe.name)


def extra_download(extra: ExtraSource, recipe: Recipe, release: Release) -> Download:
    """Return one of the further archives of a release."""
    return _download(extra.source, release.version, extra.sha256, extra.file, extra.commit, recipe.name)


def _download(source: Source, version: str, sha256: str, file: str, commit: str, name: str) -> Download:
    if source.git:
        return Download(file=f"{name}-{commit[:12]}.tar", sha256=sha256, git=source.git, commit=commit)
    if source.url:
        url = source.url.replace("${{ version }}", version)
        return Download(file=url.rsplit("/", 1)[-1], sha256=sha256, url=url)
    return Download(file=file, sha256=sha256, pypi=source.pypi)
