"""Whether a site lets a stack be where its file puts it."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping

from pybuild.errors import DocumentError
from pybuild.load.document import parse_document
from pybuild.load.node import inside_allocation, node_kind
from pybuild.model.nodes import FileSystem
from pybuild.model.site import Site
from pybuild.model.stack import Stack


def demand_allowed(stack: Stack, site: Site, environ: Mapping[str, str]) -> None:
    """Check that the root is below the site's folder for stacks, on a file system that may be written here.

    Raises:
        DocumentError: it is not; names the folders that would do.
    """
    sentence = _refusal(stack.root, site, environ)
    if sentence:
        document = parse_document(stack.file, stack.text)
        raise DocumentError(
            (document.problem(("root",), f"root: {sentence}"),),
            hint=f"pybuild site show {site.name} says what its file systems are for",
        )


def _refusal(root: str, site: Site, environ: Mapping[str, str]) -> str:
    share = site.share.root if site.share else ""
    if share and not re.fullmatch(_pattern(share, environ) + "(/.*)?", root):
        return f'found "{root}"; stacks of {site.name} lie below {share}'
    beyond = [one for one in site.file_systems if _holds(one.path, root, environ)]
    best = max(beyond, key=lambda one: len(one.path), default=None)
    compute = node_kind(site, environ, platform.node()) == "compute" or inside_allocation(site, environ)
    if best is not None and _rights(best, compute) != "read-write":
        where = "compute nodes" if compute else "login nodes"
        return f'found "{root}"; {best.path} is {_rights(best, compute)} on {where} of {site.name}; ' + (
            _others(site, compute)
        )
    if best is None and site.file_systems and not share:
        return f'found "{root}", on none of the file systems of {site.name}; {_others(site, compute)}'
    return ""


def _others(site: Site, compute: bool) -> str:
    good = [one.path for one in site.file_systems if _rights(one, compute) == "read-write"]
    return f"these may be written there: {', '.join(good)}" if good else "none may be written there"


def _rights(one: FileSystem, compute: bool) -> str:
    return one.compute if compute else one.login


def _holds(path: str, root: str, environ: Mapping[str, str]) -> bool:
    return re.fullmatch(_pattern(path, environ) + "(/.*)?", root) is not None


def _pattern(path: str, environ: Mapping[str, str]) -> str:
    """Return a site's path as a regular expression: ``<project>`` is one name, variables are the user's."""
    filled = re.sub(r"\$\{?(\w+)\}?", lambda found: environ.get(found[1], found[0]), path)
    parts = re.split(r"(<[^>]+>)", os.path.normpath(filled))
    return "".join("[^/]+" if part.startswith("<") else re.escape(part) for part in parts)
