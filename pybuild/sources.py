"""The files that a plan's builds need, fetched by their hash."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pybuild.fetch.gather import Gatherer
    from pybuild.model.plan import Download, PackagePlan, Plan
    from pybuild.model.site import Site
    from pybuild.settings import Settings


def fetch_sources(plan: Plan, settings: Settings) -> dict[str, Path]:
    """Fetch every file that the plan's builds need; return their paths by sha256.

    What the mirror or the cache has is hashed and used; the network is set up only if something is missing.

    Raises:
        FetchError, ChecksumError: as fetching finds it.
    """
    wanted = [p for p in plan.packages if p.action in ("build", "conda")]
    return gatherer(plan, settings).files(d for package in wanted for d in downloads_of(package))


def addresses_of(plan: Plan, settings: Settings) -> dict[str, str]:
    """Return the address of every file that building the whole plan from source needs, by sha256.

    Raises:
        FetchError: a file is nowhere to be found.
    """
    wanted = [package for package in plan.packages if package.action != "conda"]
    return gatherer(plan, settings).addresses(d for package in wanted for d in downloads_of(package))


def gatherer(plan: Plan, settings: Settings) -> Gatherer:
    """Return what brings the files of a plan, from where the settings say.

    Raises:
        FetchError: the mirror is none.
    """
    import shlex
    from pathlib import Path

    from pybuild.fetch.gather import Gatherer
    from pybuild.fetch.mirror import open_mirror

    places = settings.places
    return Gatherer(
        cache=Path(places.cache),
        environ=settings.environ,
        mirror=open_mirror(places.mirror),
        offline=places.offline,
        # A conda channel of the site may be a folder, which a recipe's address may never be.
        foreign={p.sha256: p.file for p in plan.packages if p.action == "conda" and p.sha256 and p.file},
        wanted=shlex.join(plan.specs),
        progress=settings.report,
    )


def within_reach(site: Site, settings: Settings) -> Site:
    """Return the site; offline, its conda channels are folders only, those of the mirror among them.

    Raises:
        FetchError: the mirror is none.
    """
    from dataclasses import replace

    places = settings.places
    if not places.offline or not site.channels:
        return site
    from pybuild.conda.channels import channel_address
    from pybuild.fetch.mirror import open_mirror

    mirror = open_mirror(places.mirror)
    found = []
    for channel in site.channels:
        if channel.startswith(("file:", "/")):
            found.append(channel)
        elif mirror is not None and (folder := mirror.channel(channel_address(channel))):
            found.append(folder)
    return replace(site, channels=tuple(found))


def downloads_of(package: PackagePlan) -> tuple[Download, ...]:
    """Return every file that building a package, or taking it from a conda channel, needs."""
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
