"""Choose the wheel of a release that fits a Python and a machine best."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from pybuild.errors import PlanError
from pybuild.model.plan import Download
from pybuild.model.recipe import Recipe, Release


def choose_wheel(recipe: Recipe, release: Release, *, python: str, platforms: tuple[str, ...]) -> Download:
    """Return the download of the best wheel.

    Args:
        python: full version of the target Python.
        platforms: platform tags that the machine accepts, best first.

    Raises:
        PlanError: no wheel of the release fits.
    """
    if not release.wheels:
        raise PlanError(
            f"recipe {recipe.name}: versions.{release.version}: has no wheels, only a source",
            hint=f"pybuild recipe show {recipe.name}",
        )
    rank = _ranks(python, platforms)
    best: tuple[int, str, str] | None = None
    for file, sha256 in release.wheels:
        score = min((rank[tag] for tag in _tags(file) if tag in rank), default=None)
        if score is not None and (best is None or score < best[0]):
            best = (score, file, sha256)
    if best is None:
        raise PlanError(
            f"{recipe.name} {release.version}: none of its wheels fits Python {python} on "
            f"{platforms[0] if platforms else 'this machine'}; it has "
            + ", ".join(file for file, _ in release.wheels),
            hint=f"pybuild recipe show {recipe.name}",
        )
    url = recipe.source.url and recipe.source.url.replace("${{ version }}", release.version)
    return Download(file=best[1], sha256=best[2], pypi=recipe.source.pypi, url=url)


@functools.cache
def _ranks(python: str, platforms: tuple[str, ...]) -> Mapping[Tag, int]:
    """Return the place of each tag: a thousand, for which a plan asks dozens of times."""
    return {tag: number for number, tag in enumerate(supported_tags(python, platforms))}


def supported_tags(python: str, platforms: tuple[str, ...]) -> list[Tag]:
    """Return every tag that a CPython of this version on these platforms takes, best first."""
    major, minor = (int(part) for part in python.split(".")[:2])
    version, interpreter = (major, minor), f"cp{major}{minor}"
    found = list(cpython_tags(version, platforms=platforms))
    found += compatible_tags(version, interpreter, platforms)
    return found


def _tags(file: str) -> frozenset[Tag]:
    try:
        return parse_wheel_filename(file)[3]
    except InvalidWheelFilename as error:
        raise PlanError(f"{file}: not the name of a wheel: {error}") from error
