"""What kind of node this is, and whether ranks may be started from here."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pybuild.model.nodes import Node, NodeKind
from pybuild.model.site import Site


def node_kind(site: Site, environ: Mapping[str, str], hostname: str) -> NodeKind | None:
    """Return the kind of node that a site says this is, None where it does not say.

    A compute node is recognised first: a site may know it by a variable alone, while its host name fits both.
    A site that gives compute nodes no host name has them wherever an allocation is.

    Args:
        environ: the user's environment.
        hostname: name of this host; what follows the first dot may be missing in a site's pattern.
    """
    for kind in ("compute", "login"):
        if any(node.kind == kind and _is(node, environ, hostname) for node in site.nodes):
            return kind
    named = any(node.kind == "compute" and node.hostname for node in site.nodes)
    return "compute" if site.nodes and not named and inside_allocation(site, environ) else None


def inside_allocation(site: Site, environ: Mapping[str, str]) -> bool:
    """Return whether this shell has nodes of its own: the launcher then starts ranks there, not here."""
    return bool(site.launcher and site.launcher.inside and environ.get(site.launcher.inside))


def starts_ranks(site: Site, environ: Mapping[str, str], hostname: str) -> bool:
    """Return whether the launcher may be called from here: not from a login node without an allocation."""
    return node_kind(site, environ, hostname) != "login" or inside_allocation(site, environ)


def _is(node: Node, environ: Mapping[str, str], hostname: str) -> bool:
    short = hostname.partition(".")[0]
    named = not node.hostname or any(re.fullmatch(node.hostname, name) for name in (hostname, short))
    return named and all(environ.get(name) for name in node.variables)
