"""Reads one page or directory that lists files: of a simple index, or of pip's find-links."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import mousebender.simple as simple
import requests

from pybuild.errors import FetchError
from pybuild.fetch.addresses import check_safe, local_path, redact, with_credentials_of
from pybuild.fetch.listing import ARCHIVES, IndexFile, names_archive, parse_listing, single_file
from pybuild.fetch.session import describe

#: a page longer than this is not an index page
LONGEST_PAGE = 200 * 2**20


def project_page(index: str, project: str) -> str:
    """Return the address of a project's page; the name is normalised."""
    return str(simple.create_project_url(index, project))


def read_listing(session: requests.Session, url: str, project: str) -> tuple[IndexFile, ...] | None:
    """Return the files that a page, directory or link to one archive offers.

    Returns:
        None where there is no such page: an index that does not have the project.

    Raises:
        FetchError: the page cannot be read or understood; the sentence has no project in it.
    """
    path = local_path(url)
    if path is None:
        check_safe(url, "a package index of pip's configuration")
        return (single_file(url),) if names_archive(url) else _remote(session, url, project)
    try:
        return _local(url, path, project)
    except OSError as error:
        raise FetchError(f"{redact(url)} cannot be read: {str(error.strerror).lower()}") from None


def _local(url: str, path: Path, project: str) -> tuple[IndexFile, ...] | None:
    if names_archive(url):
        return (single_file(url),) if path.is_file() else None
    if path.is_dir() and not (path / "index.html").exists():
        names = sorted(entry.name for entry in path.iterdir() if entry.name.endswith(ARCHIVES))
        return tuple(single_file((path / name).absolute().as_uri()) for name in names)
    page, base = (path / "index.html", url.rstrip("/") + "/") if path.is_dir() else (path, url)
    if not page.is_file():
        return None
    return parse_listing(page.read_bytes(), "text/html", base, project)


def _remote(session: requests.Session, url: str, project: str) -> tuple[IndexFile, ...] | None:
    headers = {"Accept": simple.ACCEPT_SUPPORTED}
    try:
        with session.get(url, headers=headers, stream=True) as response:
            if response.status_code in (404, 410):
                return None
            if response.status_code != 200:
                raise FetchError(f"{redact(url)} answered with HTTP {response.status_code}")
            kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            files = parse_listing(_body(response), kind, response.url, project)
    except (requests.RequestException, OSError) as error:
        raise FetchError(f"{redact(url)} could not be asked: {describe(error)}") from None
    return tuple(replace(file, url=with_credentials_of(file.url, url)) for file in files)


def _body(response: requests.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(2**18):
        body += chunk
        if len(body) > LONGEST_PAGE:
            raise FetchError(f"{redact(response.url)} is too long for an index page")
    return bytes(body)
