"""Takes apart a page that lists files, HTML or JSON, into records."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import mousebender.simple as simple

from pybuild.errors import FetchError
from pybuild.fetch.addresses import is_safe, local_path, redact

ARCHIVES = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar")
# A link to a place in a page (#top) is no file; mousebender expects #name=value.
_PLACES = re.compile(r"""#[^"'=<>&;\s]*(?=["'])""")
_BASE = re.compile(r"""<base\s[^>]*?href\s*=\s*["']([^"']+)["']""", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFile:
    """One file that an index offers.

    Attributes:
        url: its address; may hold a password, so it stays out of ``repr``.
        sha256: as the index says, None where it does not.
        requires_python: specifier of the Pythons it is for, ``""`` for any.
        yanked: its publisher advises against it.
        index: the page that lists it, fit to be shown.
        metadata: whether the index has the wheel's metadata as a file of its own, ``<url>.metadata``.
    """

    name: str
    url: str = field(repr=False)
    sha256: str | None = None
    requires_python: str = ""
    yanked: bool = False
    index: str = ""
    metadata: bool = False


def single_file(url: str) -> IndexFile:
    """Return the record of an archive that is named by its own address."""
    parts = urlsplit(url)
    algorithm, _, value = parts.fragment.partition("=")
    return IndexFile(
        name=unquote(parts.path.rpartition("/")[2]),
        url=parts._replace(fragment="").geturl(),
        sha256=value.lower() if algorithm == "sha256" else None,
        index=redact(url),
    )


def names_archive(url: str) -> bool:
    """Return whether an address is that of an archive and not of a page."""
    return urlsplit(url).path.endswith(ARCHIVES)


def parse_listing(body: bytes, kind: str, base: str, project: str) -> tuple[IndexFile, ...]:
    """Return the files that a page lists.

    Args:
        kind: media type, without parameters.
        base: the page's own address, which its links are relative to.

    Raises:
        FetchError: it is no index page, or a damaged one.
    """
    text = body.decode("utf-8", "replace")
    if "html" in kind:
        text = _PLACES.sub("", text)
        base = urljoin(base, found.group(1)) if (found := _BASE.search(text)) else base
    try:
        with warnings.catch_warnings():
            # A newer minor version of the page format may say more than we need; that is no problem.
            warnings.simplefilter("ignore", simple.APIVersionWarning)
            details = simple.parse_project_details(text, kind, project)
        _check_version(details)
        entries = [_entry(file, base) for file in details["files"]]
    except (ValueError, TypeError, KeyError, AttributeError, simple.UnsupportedAPIVersion) as error:
        words = "a format of the future" if isinstance(error, simple.UnsupportedAPIVersion) else "damaged"
        raise FetchError(f"{redact(base)} is not an index page that can be read: it is {words}") from None
    except simple.UnsupportedMIMEType:
        raise FetchError(
            f"{redact(base)} is not an index page: it is of type {kind or 'unknown'!r}"
        ) from None
    return tuple(entry for entry in entries if entry is not None)


def _check_version(details: Mapping[str, Any]) -> None:
    version = str(details["meta"]["api-version"])
    if version.partition(".")[0] != "1":
        raise simple.UnsupportedAPIVersion(version)


def _entry(file: Mapping[str, Any], base: str) -> IndexFile | None:
    """Return a listed file, None for a link that is none or that leads from the network to our disk."""
    name, url = str(file["filename"]), urljoin(base, str(file["url"]))
    if not name.endswith(ARCHIVES) or "/" in name:
        return None
    if not is_safe(url) and (local_path(url) is None or local_path(base) is None):
        return None
    sha256 = file["hashes"].get("sha256")
    return IndexFile(
        name=name,
        url=url,
        sha256=str(sha256).lower() if sha256 else None,
        requires_python=str(file.get("requires-python") or ""),
        yanked=bool(file.get("yanked", False)),
        index=redact(base),
        metadata=bool(file.get("core-metadata") or file.get("dist-info-metadata")),
    )
