"""Site files, and which of them describes this machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping

from pybuild.errors import DocumentError, PlanError
from pybuild.load.detect import detects, surely_elsewhere
from pybuild.load.document import Document, load_document, read_text
from pybuild.load.dotted import dotted
from pybuild.load.places import Places, shipped
from pybuild.load.schema import load_schema, validate
from pybuild.load.site_record import site_of
from pybuild.model.site import Site

FALLBACK = "generic"


def choose_site(name: str | None, places: Places, environ: Mapping[str, str]) -> Site:
    """Return the site to build for.

    A site that is named wins, on the command line before ``places.site``;
    else the one whose ``detect`` holds; else ``generic``.

    Args:
        environ: the user's environment, in which sites are detected.

    Raises:
        PlanError: no such site, one that is only there to be extended, or two sites claim this machine.
        DocumentError: a site file is wrong.
    """
    asked = name or places.site
    if asked is None:
        return detected_site(places, environ, platform.node())
    site = named_site(asked, places)
    if site.abstract:
        raise PlanError(
            f"the site {site.name} is abstract: other sites extend it, and no machine is called so",
            hint="pybuild site list shows the sites of machines",
        )
    return site


def detected_site(places: Places, environ: Mapping[str, str], hostname: str) -> Site:
    """Return the site whose ``detect`` holds, or ``generic``.

    Raises:
        PlanError: two sites claim this machine.
        DocumentError: a site file that may be this machine's is wrong.
    """
    files = site_files(places.sites)
    schema = load_schema("site")
    claims = []
    for path in files.values():
        if not surely_elsewhere(read_text(path), environ, hostname, schema):
            site = load_site(path, files)
            claims += [site] if detects(site, environ, hostname) else []
    if len(claims) > 1:
        names = " and ".join(site.name for site in claims)
        raise PlanError(f"the sites {names} both claim this machine", hint=f"add --site {claims[0].name}")
    return claims[0] if claims else named_site(FALLBACK, places)


def named_site(name: str, places: Places) -> Site:
    """Return the site of this name, abstract or not.

    Raises:
        PlanError: there is none; names the nearest ones.
        DocumentError: its file is wrong.
    """
    return load_site(demand_site(name, places), site_files(places.sites))


def demand_site(name: str, places: Places) -> str:
    """Return the file of the site of this name.

    Raises:
        PlanError: there is none; names the nearest ones.
    """
    files = site_files(places.sites)
    if name not in files:
        known = ", ".join(files) or "none at all"
        near = _near(name, files)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known sites: {known}"
        raise PlanError(f"there is no site {name!r}", hint=hint)
    return files[name]


def site_files(directories: tuple[str, ...]) -> dict[str, str]:
    """Return the path of each site's file by its name, in alphabetical order; first directory wins."""
    found: dict[str, str] = {}
    for directory in directories:
        for path in _yaml_files(directory):
            found.setdefault(os.path.basename(path).removesuffix(".yaml"), path)
    return dict(sorted(found.items()))


def load_site(path: str, files: Mapping[str, str] | None = None) -> Site:
    """Return the site that a file holds, with what it takes over from the one that it extends.

    Args:
        files: where each site's file is; without it, beside ``path``, then among those of pybuild.

    Raises:
        DocumentError: broken YAML, against the schema, in a file of another name, with a regular expression
            or a version specifier that is none, or extending what cannot be extended.
    """
    from pybuild.load.patterns import broken_patterns
    from pybuild.load.readable import site_faults

    document = site_document(path, files)
    site = site_of(document)
    faults = (*broken_patterns(site), *site_faults(site))
    problems = tuple(document.problem(key, f"{dotted(key)}: {text}") for key, text in faults)
    if problems:
        raise DocumentError(problems)
    return site


def site_document(path: str, files: Mapping[str, str] | None = None) -> Document:
    """Return the validated document that :func:`load_site` makes the record of; the same errors."""
    document = load_document(path)
    name = document.data.get("extends")
    validate(document, "site", part=name is not None)
    _demand_own_name(document)
    if name is None:
        return document
    from pybuild.load.extend import merged

    if files is None:
        files = site_files((os.path.dirname(os.path.abspath(path)), shipped("sitecfg")))
    whole = merged(document, _parent(document, str(name), files))
    validate(whole, "site")
    return whole


def _parent(child: Document, name: str, files: Mapping[str, str]) -> Document:
    """Return the document of the site that a site extends.

    Raises:
        DocumentError: none, itself, one that extends another, or a wrong one.
    """
    own = child.data["name"]
    if name == own:
        raise DocumentError((child.problem(("extends",), "extends: a site cannot extend itself"),))
    if name not in files:
        near = _near(name, files)
        advice = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(files) or 'none'}"
        raise DocumentError((child.problem(("extends",), f'extends: there is no site "{name}"; {advice}'),))
    parent = load_document(files[name])
    further = parent.data.get("extends")
    if further is not None:
        told = f'extends: "{name}" extends "{further}" itself; only a site that stands alone can be extended'
        if further == own:
            told = f'extends: "{name}" extends "{own}" in turn; one of the two must stand alone'
        raise DocumentError((child.problem(("extends",), told),))
    validate(parent, "site")
    _demand_own_name(parent)
    return parent


def _demand_own_name(document: Document) -> None:
    expected = os.path.basename(document.path).removesuffix(".yaml")
    name = document.data["name"]
    if name != expected:
        sentence = f'name: found "{name}" in the file "{expected}.yaml"; the two must be equal'
        raise DocumentError((document.problem(("name",), sentence),))


def _near(name: str, files: Mapping[str, str]) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(name, files, 3, cutoff=0.7)


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
