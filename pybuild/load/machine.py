"""Read from this machine what a plan needs to know, and nothing else."""

from __future__ import annotations

import fnmatch
import os
import platform
from collections.abc import Mapping

from pybuild.errors import PlanError, PrefixError
from pybuild.load.node import inside_allocation, node_kind
from pybuild.load.programs import find_providers
from pybuild.load.pythons import site_interpreters
from pybuild.model.machine import SUBDIRS, CondaPackage, Interpreter, Machine, PrefixState
from pybuild.model.request import Request
from pybuild.model.site import Site


def read_machine(
    request: Request,
    site: Site,
    state: PrefixState,
    virtuals: set[str],
    environ: Mapping[str, str],
    cache: str | None = None,
) -> Machine:
    """Return the facts for one request.

    Args:
        cache: pybuild's cache, where what was found before is remembered; None to remember nothing.

    Raises:
        PlanError: no such platform.
    """
    from packaging.tags import platform_tags

    arch = platform.machine()
    if arch not in SUBDIRS:
        raise PlanError(f"this machine is {arch}; pybuild knows {', '.join(sorted(SUBDIRS))}")
    base, note = _base(request, site, state, SUBDIRS[arch])
    fresh = state.python is None and not base
    # Only the program itself tells which Python a path is.
    interpreters = _interpreters(request, site, environ, cache) if fresh or _is_path(request.python) else ()
    return Machine(
        subdir=SUBDIRS[arch],
        platforms=tuple(platform_tags()),
        environment=_kept(site, environ),
        providers=find_providers(site, virtuals, prefix=request.prefix, environ=environ),
        interpreters=interpreters,
        base=base,
        base_note=note,
        node=_node(site, environ),
    )


def _node(site: Site, environ: Mapping[str, str]) -> str:
    """Return the kind of this node; a login shell with an allocation starts ranks like a compute node."""
    kind = node_kind(site, environ, platform.node())
    return "compute" if kind == "login" and inside_allocation(site, environ) else kind or ""


def _kept(site: Site, environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, value)
        for name, value in sorted(environ.items())
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in site.keep_env)
    )


def _base(
    request: Request, site: Site, state: PrefixState, subdir: str
) -> tuple[tuple[CondaPackage, ...], str]:
    """Ask conda channels for the base of a new prefix.

    That no channel is there, or none answers, is no error unless the request itself names some.

    Raises:
        PlanError: what the request wants of conda is not to be had.
    """
    if request.base is not None:
        return request.base, "the new prefix comes from what the lock names" if request.base else ""
    from_path = _is_path(request.python)
    if request.conda and (from_path or not site.channels):
        raise _without_channel(request, site)
    if state.python is not None or not site.channels or from_path:
        return (), ""
    from pybuild.conda.channels import solve

    python = "python"
    if request.python:
        python = f"python {request.python}" + (".*" if request.python.count(".") < 2 else "")
    try:
        base = solve(site.channels, (python, "pip", *request.conda), subdir, request.favoured.conda)
    except PrefixError as error:
        if request.conda or request.channels:
            raise PlanError(
                f"conda: {error.message}",
                hint="pybuild search NAME shows what the channels have of a package",
            ) from error
        return (), f"no conda channel answered ({error.message})"
    return base, f"the new prefix comes from {', '.join(site.channels)}"


def _without_channel(request: Request, site: Site) -> PlanError:
    wanted = ", ".join(request.conda)
    if _is_path(request.python):
        sentence = (
            f"{wanted}: conda packages need conda's own Python, and {request.python} is one of the machine"
        )
        return PlanError(sentence, hint='name a version instead: python: "3.11"')
    return PlanError(
        f"{wanted}: comes from a conda channel, and neither the request nor the site {site.name} names one",
        hint="name one: channels: [conda-forge]",
    )


def _is_path(python: str | None) -> bool:
    return python is not None and os.sep in python


def _interpreters(
    request: Request, site: Site, environ: Mapping[str, str], cache: str | None
) -> tuple[Interpreter, ...]:
    found = site_interpreters(request.python, site, environ, cache)
    favoured = request.favoured.interpreter
    return tuple(sorted(found, key=lambda one: one.identity != favoured)) if favoured else found
