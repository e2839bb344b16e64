"""What the package index has under a name, from its list of files and one small file of metadata."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pybuild.errors import FetchError
from pybuild.model.offer import Form, Offer

if TYPE_CHECKING:
    from packaging.version import Version

    from pybuild.fetch.listing import IndexFile

# Somebody waits for the answer, which is advice only: nobody is asked twice, or for longer than this.
_SECONDS = 10.0
_LONGEST = 2**20


def find_in_index(name: str, environ: Mapping[str, str]) -> tuple[list[Offer], list[str]]:
    """Return what the index holds under a name, and why it, or a part of it, could not be asked.

    Args:
        environ: the user's environment, where pip looks for its settings.
    """
    from pybuild.fetch.index import look_for
    from pybuild.fetch.pipconfig import read_pip_config
    from pybuild.fetch.session import open_session

    try:
        config = read_pip_config(environ)
        config = replace(config, retries=0, timeout=min(config.timeout, _SECONDS))
        with open_session(config) as session:
            files, troubles = look_for(session, config, name)
            offer = _offer(session, name, files)
    except FetchError as error:
        return [], [f"the index could not be asked: {error.message}"]
    return ([offer] if offer else []), [f"the index could not be asked: {text}" for text in troubles]


def _offer(session: Any, name: str, files: Iterable[IndexFile]) -> Offer | None:
    versions: dict[Version, list[IndexFile]] = {}
    for file in files:
        version = None if file.yanked else _version(file.name)
        if version is not None:
            versions.setdefault(version, []).append(file)
    if not versions:
        return None
    ordered = sorted(versions, reverse=True)
    released = [version for version in ordered if not version.is_prerelease] or ordered
    newest = versions[released[0]]
    requires, summary = _told(session, newest)
    return Offer(
        source="index",
        place=newest[0].index,
        name=name,
        versions=tuple(map(str, released)),
        forms=tuple(sorted({_form(file.name) for file in newest})),
        requires=requires,
        summary=summary,
    )


def _version(file: str) -> Version | None:
    from packaging.utils import (
        InvalidSdistFilename,
        InvalidWheelFilename,
        parse_sdist_filename,
        parse_wheel_filename,
    )
    from packaging.version import InvalidVersion

    try:
        return parse_wheel_filename(file)[1] if file.endswith(".whl") else parse_sdist_filename(file)[1]
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None


def _form(file: str) -> Form:
    if not file.endswith(".whl"):
        return "source"
    return "pure" if file.endswith("-none-any.whl") else "compiled"


def _told(session: Any, files: Iterable[IndexFile]) -> tuple[tuple[str, ...] | None, str]:
    """Return what a release requires and its summary, where the index gives metadata without the wheel."""
    from email.parser import Parser

    from pybuild.fetch.addresses import is_safe

    for file in files:
        if not file.metadata or not is_safe(file.url):
            continue
        try:
            with session.get(f"{file.url}.metadata", stream=True) as response:
                if response.status_code != 200:
                    continue
                text = next(response.iter_content(_LONGEST), b"").decode("utf-8", "replace")
        except OSError:  # what requests raises is one, too
            continue
        fields = Parser().parsestr(text, headersonly=True)
        return _required(fields.get_all("Requires-Dist") or ()), str(fields.get("Summary") or "")
    return None, ""


def _required(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the names that are required whatever extras are chosen."""
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    names = set()
    for text in texts:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if "extra" not in str(requirement.marker or ""):
            names.add(str(canonicalize_name(requirement.name)))
    return tuple(sorted(names))
