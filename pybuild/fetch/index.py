"""Finds files of index projects where pip would look for them on this machine; no index is named here."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from pybuild.errors import FetchError
from pybuild.fetch.addresses import local_path, redact
from pybuild.fetch.listing import IndexFile
from pybuild.fetch.pages import project_page, read_listing
from pybuild.files import sha256_of

if TYPE_CHECKING:
    import requests

    from pybuild.fetch.pipconfig import PipConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where a file is; the address may hold a password, so it stays out of ``repr``."""

    url: str = field(repr=False)
    sha256: str | None


@dataclass(slots=True)
class _Search:
    """What a search has met so far, for its error sentence."""

    asked: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


def find_file(
    session: requests.Session, config: PipConfig, project: str, filename: str, *, sha256: str | None = None
) -> Found:
    """Return where the file of exactly this name is; yanked files count.

    Directories on disk are looked at before anything goes over the network.

    Args:
        sha256: the hash that the file must have; a file of the same name and another hash
            is only returned where there is no better one.

    Raises:
        FetchError: nobody has it; the sentence says who was asked and what is near.
    """
    search = _Search()
    other: Found | None = None
    for file in _files(session, config, project, search):
        if file.name != filename:
            search.names.append(file.name)
            continue
        known = file.sha256 or (_local_hash(file) if sha256 else None)
        if sha256 is None or known in (None, sha256):
            return Found(url=file.url, sha256=known)
        other = other or Found(url=file.url, sha256=known)
    if other is not None:
        return other
    raise _not_found(search, project, filename)


def list_files(session: requests.Session, config: PipConfig, project: str) -> tuple[IndexFile, ...]:
    """Return every file of a project; of files with one name, the first that pip's configuration leads to.

    Raises:
        FetchError: nobody has the project.
    """
    search = _Search()
    files: dict[str, IndexFile] = {}
    for file in _files(session, config, project, search):
        files.setdefault(file.name, file)
    if not files:
        raise _not_found(search, project, None)
    return tuple(files.values())


def look_for(
    session: requests.Session, config: PipConfig, project: str
) -> tuple[tuple[IndexFile, ...], tuple[str, ...]]:
    """Return every file of a project, none where nobody has it, and what kept an index from answering."""
    search = _Search()
    files: dict[str, IndexFile] = {}
    for file in _files(session, config, project, search):
        files.setdefault(file.name, file)
    return tuple(files.values()), tuple(search.troubles)


def _files(
    session: requests.Session, config: PipConfig, project: str, search: _Search
) -> Iterator[IndexFile]:
    """Yield the files of a project; an index that fails is noted and passed over, as pip does."""
    places = [(address, True) for address in config.find_links]
    places += [(project_page(index, project), False) for index in config.indexes]
    for address, is_shared in sorted(places, key=lambda place: local_path(place[0]) is None):
        try:
            files = read_listing(session, address, project)
        except FetchError as error:
            search.troubles.append(error.message)
            continue
        if files is not None or local_path(address) is None:
            search.asked.append(redact(address))
        for file in files or ():
            path = local_path(file.url)
            if (not is_shared or _belongs(file.name, project)) and (path is None or path.is_file()):
                yield file


def _belongs(filename: str, project: str) -> bool:
    """Return whether a file of a directory that holds many projects is one of this project."""
    wanted = canonicalize_name(project)
    try:
        if filename.endswith(".whl"):
            return parse_wheel_filename(filename)[0] == wanted
        return parse_sdist_filename(filename)[0] == wanted
    except (InvalidWheelFilename, InvalidSdistFilename):
        return canonicalize_name(filename).startswith(f"{wanted}-")


def _local_hash(file: IndexFile) -> str | None:
    path = local_path(file.url)
    if path is None:
        return None
    try:
        return sha256_of(path)
    except OSError:
        # Whoever fetches the file meets the same error and says it.
        return None


def _not_found(search: _Search, project: str, filename: str | None) -> FetchError:
    on = f" on {', '.join(search.asked)}" if search.asked else ""
    if search.names and filename:
        near = difflib.get_close_matches(filename, search.names, n=5, cutoff=0.5) or search.names[-5:]
        parts = [f"project {project} has no file {filename}{on}", f"it has {', '.join(near)}"]
    else:
        parts = [f"project {project} was not found{on}" + (f" (for {filename})" if filename else "")]
    parts += search.troubles
    if search.troubles:
        hint = "try again, or check index, proxy and certificate with `python3 -m pip config debug`"
    elif not search.asked:
        parts.append("pip is configured here without any index or directory that exists")
        hint = "`python3 -m pip config debug` shows where that is set"
    else:
        hint = "check the name and version, or see which indexes are asked with `python3 -m pip config list`"
    return FetchError("; ".join(parts), hint=hint)
