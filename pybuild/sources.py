"""The files that a plan's builds need, fetched by their hash."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pybuild.model.plan import Download, PackagePlan, Plan
    from pybuild.settings import Settings


def fetch_sources(plan: Plan, settings: Settings) -> dict[str, Path]:
    """Fetch every file that the plan's builds need; return their paths by sha256.

    What the cache has is hashed and used; the network is set up only if something is missing.

    Raises:
        FetchError, ChecksumError: as fetching finds it.
    """
    from pybuild.fetch.git import fetch_commit
    from pybuild.fetch.network import Network
    from pybuild.fetch.source import fetch

    wanted = {
        download.sha256: download
        for package in plan.packages
        if package.action in ("build", "conda")
        for download in _downloads(package)
    }
    # A conda channel of the site may be a folder, which a recipe's address may never be.
    foreign = {p.sha256: str(p.file) for p in plan.packages if p.action == "conda"}
    with Network(settings.environ) as network:
        return {
            sha256: fetch_commit(download, cache=Path(settings.places.cache), environ=settings.environ)
            if download.git
            else fetch(
                download,
                cache=Path(settings.places.cache),
                locate=lambda d: foreign.get(d.sha256) or network.locate(d),
                session=lambda: network.session,
                progress=settings.report,
            )
            for sha256, download in wanted.items()
        }


def addresses_of(plan: Plan, settings: Settings) -> dict[str, str]:
    """Return the address of every file that building the whole plan from source needs, by sha256.

    Raises:
        FetchError: a file is nowhere to be found.
    """
    from pybuild.fetch.network import Network

    wanted = {
        d.sha256: d for package in plan.packages if package.action != "conda" for d in _downloads(package)
    }
    with Network(settings.environ) as network:
        return {sha256: d.git or d.url or network.locate(d) for sha256, d in wanted.items()}


def _downloads(package: PackagePlan) -> tuple[Download, ...]:
    from pybuild.model.plan import Download, Overlay, StageWheel, Unpack

    if package.action == "conda" and package.file and package.sha256:
        return (Download(file=package.file.rsplit("/", 1)[-1], sha256=package.sha256),)
    if package.build is None:
        return ()
    found: list[Download] = []
    for step in package.build.steps:
        if isinstance(step, Overlay):
            found += step.downloads
        elif isinstance(step, (Unpack, StageWheel)) and step.download is not None:
            found.append(step.download)
    return tuple(found)
