"""Where verification runs, as a site sees it, and how ranks are started where they cannot be from here."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pybuild.errors import PlanError

if TYPE_CHECKING:
    from pathlib import Path

    from pybuild.model.site import Site
    from pybuild.prefix.notes import Note
    from pybuild.settings import Settings
    from pybuild.verify.ranked import Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """Where verification runs.

    Attributes:
        site: None where its file is gone; ranks are not started then.
        starts_ranks: whether the site's launcher may be called from here.
    """

    site: Site | None
    starts_ranks: bool
    setting: Setting


def here_for(note: Note, settings: Settings, job: Path | None = None) -> Here:
    """Return where this runs, as the site of an installed package sees it.

    Raises:
        PlanError: ``settings`` name a site that does not exist.
        DocumentError: the site's file is wrong.
    """
    from pybuild.load.node import inside_allocation, node_kind, starts_ranks
    from pybuild.load.sites import choose_site
    from pybuild.verify.ranked import Setting

    environ, host = settings.environ, platform.node()
    try:
        site = choose_site(settings.site or str(note["site"]), settings.places, environ)
    except PlanError:
        if settings.site is not None:
            raise
        return Here(site=None, starts_ranks=False, setting=Setting())
    inside = inside_allocation(site, environ)
    number = environ.get(site.launcher.inside) if inside and site.launcher else None
    setting = Setting(
        failures=site.failures,
        node="compute" if inside else node_kind(site, environ, host),
        job=number,
        folder=str(job) if job else None,
    )
    return Here(site=site, starts_ranks=starts_ranks(site, environ, host), setting=setting)


def ways(site: Site, words: str) -> str:
    """Return the hint that tells how ranks can be started at a site.

    Args:
        words: what follows ``pybuild verify``.
    """
    launcher = site.launcher
    found = []
    if launcher and launcher.ask:
        found.append(f"pybuild verify {words} --on compute waits for nodes and starts the ranks there")
    if launcher and launcher.submit:
        found.append(f"pybuild verify {words} --submit leaves it to a batch job")
    return "; ".join(found) or f"pybuild verify {words}, typed inside an allocation"
