"""Drafts a recipe from the address of an archive."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from pybuild.authoring import licences, metadata, modules
from pybuild.authoring.building import building
from pybuild.authoring.draft import source_draft
from pybuild.authoring.index import unpacked
from pybuild.authoring.record import Drafted, DraftedRelease
from pybuild.authoring.texts import read
from pybuild.errors import UsageError
from pybuild.fetch.network import Network
from pybuild.fetch.progress import SILENT, Progress
from pybuild.fetch.unhashed import fetch_unhashed

_ENDS = (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar", ".zip")
_EXAMPLE = "pybuild recipe new https://example.org/name-1.2.tar.gz"
_NUMBER = re.compile(r"(?:^|[-_v.]|^\D+?)(\d+(?:\.\d+)*(?:(?:a|b|rc)\d+)?(?:\.post\d+)?)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An archive's address, taken apart.

    Attributes:
        file: its last part.
        template: the address with ``${{ version }}`` for the version.
    """

    url: str
    name: str
    version: str
    file: str
    template: str


def taken_apart(url: str) -> Address:
    """Return name and version that an address tells: ``https://host/fftw-3.3.10.tar.gz``.

    Raises:
        UsageError: it is no archive's, or no version can be told from it.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:  # such as a bracket that is not closed
        raise UsageError(f"{url} is no address: {str(error).lower()}", hint=_EXAMPLE) from None
    file = unquote(parts.path.rpartition("/")[2])
    stem = next((file.removesuffix(end) for end in _ENDS if file.endswith(end)), None)
    if stem is None or parts.query or parts.fragment:
        raise UsageError(
            f"{url} is not the address of an archive ({', '.join(_ENDS)})",
            hint=_EXAMPLE,
        )
    found = _NUMBER.search(stem)
    if found is None or not _is_version(found[1]):
        raise UsageError(
            f"no version can be told from {file}, expected something like name-1.2.tar.gz",
            hint="write the recipe by hand: docs/recipes.md",
        )
    version = found[1]
    name = stem[: found.start(1)].rstrip("-_.")
    if name.lower() in ("", "v", "release"):
        # github.com/OWNER/NAME/archive/refs/tags/v1.2.tar.gz
        folders = [part for part in parts.path.split("/") if part]
        name = folders[1] if len(folders) > 2 else ""
    elif name.lower().endswith(("-v", "_v")):
        name = name[:-2]
    plain = canonicalize_name(name)
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", plain):
        raise UsageError(f"no name can be told from {url}", hint="write the recipe by hand: docs/recipes.md")
    template = url.replace(version, "${{ version }}")
    return Address(url=url, name=plain, version=version, file=file, template=template)


def draft(
    address: Address,
    cache: Path,
    network: Network,
    known: Collection[str] = (),
    progress: Progress = SILENT,
) -> Drafted:
    """Return the draft of a recipe; the hash is that of the bytes that came.

    Raises:
        FetchError: the archive cannot be fetched.
        ArchiveError: it is damaged or hostile.
    """
    archive, sha256 = fetch_unhashed(
        address.url, address.file, cache=cache, session=lambda: network.session, progress=progress
    )
    with unpacked(archive, cache) as folder:
        found = modules.of_source(folder, address.name)
        info = _described(metadata.of_source(folder), folder, address)
        built = building(folder, address.name, found, compiled=None, known=known)
    release = DraftedRelease(version=address.version, sha256=sha256)
    drafted = source_draft(address.name, ("url", address.template), info, found, built, (release,))
    note = "The sha256 is that of the bytes that came; compare it with one that the authors publish."
    return replace(drafted, header=(*drafted.header, note))


def _described(info: metadata.Metadata, folder: Path, address: Address) -> metadata.Metadata:
    """Return what is known, with the licence's own text looked at and the address as a home page."""
    parts = urlsplit(address.url)
    folders = [part for part in parts.path.split("/") if part]
    owner = "/".join(folders[:2]) if parts.hostname in ("github.com", "gitlab.com") else ""
    texts = (path for path in sorted(folder.iterdir()) if path.name.upper().startswith(("LICEN", "COPYING")))
    licence = info.licence_expression or next(
        (name for path in texts if (name := licences.from_text(read(path)))), ""
    )
    return replace(
        info,
        homepage=info.homepage or f"https://{parts.hostname}/{owner}",
        licence_expression=licence,
    )


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True
