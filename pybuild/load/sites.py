"""Site files, and which of them describes this machine."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator, Mapping

from pybuild.errors import DocumentError, PlanError
from pybuild.load.document import load_document
from pybuild.load.places import Places
from pybuild.load.schema import validate
from pybuild.load.site_record import site_of
from pybuild.model.site import Detect, Site

FALLBACK = "generic"


def choose_site(name: str | None, places: Places, environ: Mapping[str, str]) -> Site:
    """Return the site to build for.

    A site that is named wins, on the command line before ``places.site``;
    else the one whose ``detect`` holds; else ``generic``.

    Args:
        environ: the user's environment, in which sites are detected.

    Raises:
        PlanError: no such site, or two sites claim this machine.
        DocumentError: a site file is wrong.
    """
    files = site_files(places.sites)
    asked = name or places.site
    if asked is not None:
        return load_site(_file(asked, files))
    claims = [site for site in map(load_site, files.values()) if detects(site, environ)]
    if len(claims) > 1:
        names = " and ".join(site.name for site in claims)
        raise PlanError(f"the sites {names} both claim this machine", hint=f"add --site {claims[0].name}")
    return claims[0] if claims else load_site(_file(FALLBACK, files))


def detects(site: Site, environ: Mapping[str, str]) -> bool:
    """Return whether a site recognises its machine; one without ``detect`` never does."""
    wanted = site.detect
    if site.abstract or wanted == Detect():
        return False
    return (
        all(environ.get(key) == value for key, value in wanted.env)
        and (not wanted.hostname or re.fullmatch(wanted.hostname, platform.node()) is not None)
        and all(os.path.exists(path) for path in wanted.files)
    )


def site_files(directories: tuple[str, ...]) -> dict[str, str]:
    """Return the path of each site's file by its name, in alphabetical order; first directory wins."""
    found: dict[str, str] = {}
    for directory in directories:
        for path in _yaml_files(directory):
            found.setdefault(os.path.basename(path).removesuffix(".yaml"), path)
    return dict(sorted(found.items()))


def load_site(path: str) -> Site:
    """Return the site that a file holds.

    Raises:
        DocumentError: broken YAML, against the schema, or in a file of another name.
    """
    document = load_document(path)
    validate(document, "site")
    site = site_of(document)
    expected = os.path.basename(path).removesuffix(".yaml")
    if site.name != expected:
        sentence = f'name: found "{site.name}" in the file "{expected}.yaml"; the two must be equal'
        raise DocumentError((document.problem(("name",), sentence),))
    return site


def _file(name: str, files: Mapping[str, str]) -> str:
    if name in files:
        return files[name]
    from difflib import get_close_matches

    near = get_close_matches(name, files, 3, cutoff=0.7)
    known = ", ".join(files) or "none at all"
    hint = f"did you mean {' or '.join(near)}?" if near else f"known sites: {known}"
    raise PlanError(f"there is no site {name!r}", hint=hint)


def _yaml_files(directory: str) -> Iterator[str]:
    try:
        entries = os.listdir(directory)
    except FileNotFoundError:
        return
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DocumentError((f"{directory}:1: cannot be listed: {reason}",)) from error
    for entry in entries:
        if entry.endswith(".yaml") and not entry.startswith("."):
            yield os.path.join(directory, entry)
