"""The run, as the sequence it is: prepare a plan, fetch, build, install; ``proof.verify`` comes last.

Each function takes what the one before returned; a newcomer can read the whole program here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild.errors import PrefixError
from pybuild.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pybuild.load.places import Places
    from pybuild.model.machine import ChannelPackage, PrefixState
    from pybuild.model.modules import Capture, ModulePlan
    from pybuild.model.plan import Download, PackagePlan, Plan
    from pybuild.model.request import Request
    from pybuild.prefix.journal import Journal
    from pybuild.prefix.notes import Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What holds for a whole run.

    Attributes:
        places: recipe and site folders, channel, cache.
        site: name of the site, None to detect it.
        environ: the user's environment, read only.
        command: the command line, for conda's history.
        captures: environments that the module tool has made in this run.
    """

    places: Places
    environ: Mapping[str, str]
    command: str
    site: str | None = None
    jobs: int = 1
    report: Report = field(default_factory=Report)
    captures: dict[ModulePlan, Capture] = field(default_factory=dict)


class PrefixChangedError(PrefixError):
    """Somebody else changed the prefix between the plan and its commit."""


def prepare(request: Request, settings: Settings, *, acting: bool = True) -> Plan:
    """Load what the request needs and return the plan.

    Planning is pure, so it is done twice where a site has modules: the first plan says which environments
    are needed, the module tool makes them, and the second plan knows what was really loaded.

    Args:
        acting: the plan will be carried out here; else it may be made for a machine that this one is not.

    Raises:
        DocumentError, PlanError, PrefixError: as loading and planning find it.
        ModuleToolError: the modules are not what the site says.
    """
    from dataclasses import replace

    from pybuild.build.channel import find_packages
    from pybuild.load.closure import load_closure, virtuals
    from pybuild.load.machine import read_machine
    from pybuild.load.offers import with_offers
    from pybuild.load.recipes import RecipeTree
    from pybuild.load.sites import choose_site
    from pybuild.plan.make import make_plan
    from pybuild.plan.resolve import World
    from pybuild.plan.rules import choose_target
    from pybuild.prefix.state import read_state

    places = settings.places
    site = choose_site(settings.site, places, settings.environ)
    state = read_state(request.prefix)
    recipes = load_closure(
        RecipeTree(places.recipes), [spec.name for spec in request.specs], site, always=("pip",)
    )
    machine = read_machine(request, site, state, virtuals(recipes.values()), settings.environ)
    channel = str(places.channel)
    held = find_packages(channel, machine.subdir, [*recipes, "python"])
    world = World(
        site=site, recipes=recipes, machine=machine, state=state,
        target=choose_target(site, request.target), providers=request.providers,
    )  # fmt: skip
    plan = make_plan(request, world, held=held, channel=channel)
    offered = with_offers(plan, machine, site, state, recipes)
    if offered is not machine:
        world = replace(world, machine=offered)
        plan = make_plan(request, world, held=held, channel=channel)
    wanted = [p.build.modules for p in plan.packages if p.build is not None and p.build.modules is not None]
    if not wanted:
        return plan
    if not acting and not all(map(os.path.exists, site.modules.init)):
        note = (
            f"the modules of {site.name} are not on this machine: "
            "their versions are not known, and the keys below are not final"
        )
        return replace(plan, notes=(*plan.notes, note))
    captures = tuple(captured(modules, settings) for modules in dict.fromkeys(wanted))
    world = replace(world, machine=replace(world.machine, captures=captures))
    return make_plan(request, world, held=held, channel=channel)


def captured(modules: ModulePlan, settings: Settings) -> Capture:
    """Return what the site's module tool makes of ``modules``; each is run once in a run.

    Raises:
        ModuleToolError: a module or the tool is not what the site says.
    """
    from pybuild.modules.capture import capture

    if modules not in settings.captures:
        settings.captures[modules] = capture(modules, keep=settings.environ)
    return settings.captures[modules]


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


def build_packages(plan: Plan, files: Mapping[str, Path], settings: Settings) -> dict[str, ChannelPackage]:
    """Build what the plan builds; return every package that goes into the prefix, by name.

    Raises:
        BuildError, VerificationError, ChannelError: nothing has touched the prefix.
    """
    from pybuild.model.machine import ChannelPackage

    if any(package.action == "build" for package in plan.packages):
        # The builder costs more to import than an install from the channel takes.
        from pybuild.build.builder import Workshop, build_package

        report = settings.report
        shop = Workshop(
            cache=Path(settings.places.cache), jobs=settings.jobs, files=files,
            on_phase=report.phase, on_line=report.line,
            environment=lambda modules: dict(captured(modules, settings).environment),
        )  # fmt: skip
    ready: dict[str, ChannelPackage] = {}
    for package in plan.packages:
        if package.action == "build":
            ready[package.name] = build_package(package, plan, shop, ready)
        elif package.file is not None:
            file = str(files[package.sha256 or ""]) if package.action == "conda" else package.file
            ready[package.name] = ChannelPackage(
                name=package.name, version=package.version, build=package.build_string, key=package.key,
                loose_key=package.loose_key, file=str(file), sha256=package.sha256 or "",
            )  # fmt: skip
    return ready


def publish(plan: Plan) -> None:
    """Let conda and its relatives see what was built; the prefix does not wait for this."""
    from pybuild import conda
    from pybuild.locks import held

    if any(package.action == "build" for package in plan.packages):
        with held(Path(plan.channel, ".index-lock")):
            conda.index_channel(Path(plan.channel))


def install(plan: Plan, ready: Mapping[str, ChannelPackage], settings: Settings) -> None:
    """Commit the plan's packages to the prefix in one transaction, under its lock.

    Raises:
        PrefixChangedError: the prefix is no longer the one that was planned for.
        PrefixError: it cannot be locked or changed.
    """
    from pybuild.prefix.state import read_state
    from pybuild.prefix.transaction import change, create

    prefix, cache = Path(plan.prefix), Path(settings.places.cache)
    with locked(prefix, settings):
        state = read_state(plan.prefix)
        journal = _journal(plan, ready, settings)
        if state.exists == plan.new_prefix or _outdated(journal, state):
            raise PrefixChangedError(
                f"{prefix}: somebody changed it while its packages were built",
                hint="run the same command again; what was built is in the channel",
            )
        settings.report.phase(prefix.name, "install")
        if plan.new_prefix:
            create(prefix, journal, cache=cache)
        else:
            change(prefix, journal, cache=cache)


def uninstall(prefix: Path, names: tuple[str, ...], settings: Settings) -> None:
    """Remove packages that pybuild installed, with their pins.

    Raises:
        PrefixError: one of them is not there or not ours.
    """
    from pybuild.prefix.journal import Journal
    from pybuild.prefix.notes import read_note
    from pybuild.prefix.transaction import change

    with locked(prefix, settings):
        rows = []
        for name in names:
            note = read_note(prefix, name)
            if note is None:
                raise PrefixError(
                    f"{prefix}: pybuild did not install {name!r}", hint=f"pybuild list -p {prefix}"
                )
            rows.append((name, str(note["version"]), str(note["build"])))
        change(
            prefix,
            Journal(command=settings.command, remove=tuple(rows), dropped=names),
            cache=Path(settings.places.cache),
        )


def finish_interrupted(prefix: str, settings: Settings) -> None:
    """Finish what a killed run had begun, so that a plan is made for what is really there.

    Raises:
        PrefixError: the lock cannot be made, or what the transaction needs is gone.
    """
    from pybuild.prefix import places

    if places.journal(Path(prefix)).exists():
        with locked(Path(prefix), settings):
            pass


@contextmanager
def locked(prefix: Path, settings: Settings) -> Iterator[None]:
    """Hold the prefix's lock, with whatever an interrupted run left in it finished first.

    Raises:
        PrefixError: the lock cannot be made.
    """
    from pybuild.locks import held
    from pybuild.prefix import places
    from pybuild.prefix.transaction import recover

    lock = places.lock(prefix)
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PrefixError(f"{lock.parent}: cannot be made: {error.strerror}") from error
    if not os.access(lock.parent, os.W_OK | os.X_OK):
        raise PrefixError(f"{lock.parent}: cannot be written by you", hint="name a prefix of your own")
    with held(
        lock, waiting=lambda owner: settings.report.note(f"waiting for {owner}, which is changing {prefix}")
    ):
        finished = recover(prefix, cache=Path(settings.places.cache))
        if finished is not None:
            settings.report.note(f"finished what an interrupted run had begun: {finished}")
        yield


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


def _outdated(journal: Journal, state: PrefixState) -> bool:
    """Return whether a package that must leave is gone, or one that is added has come by other ways."""
    present = {(p.name, p.version, p.build) for p in state.packages}
    going = set(journal.remove)
    added = {name for name, *_ in journal.add}
    return not going <= present or any(name in added for name, _, _ in present - going)


def _journal(plan: Plan, ready: Mapping[str, ChannelPackage], settings: Settings) -> Journal:
    from pybuild.prefix.journal import Journal

    changing = [package for package in plan.packages if package.action != "keep"]
    specs = [package.name for package in changing if package.requested]
    if plan.new_prefix:
        specs += [f"python {'.'.join(plan.python.split('.')[:2])}.*", "pip"]
    return Journal(
        command=settings.command,
        add=tuple(
            (p.name, p.version, ready[p.name].build, ready[p.name].file, ready[p.name].sha256)
            for p in changing
        ),
        remove=(*((p.name, *p.was) for p in changing if p.was), *plan.removes),
        origins=tuple((p.name, p.file) for p in changing if p.action == "conda" and p.file),
        notes=tuple(_note(package, plan, ready) for package in changing if package.action != "conda"),
        specs=tuple(specs),
    )


def _note(package: PackagePlan, plan: Plan, ready: Mapping[str, ChannelPackage]) -> Note:
    from pybuild.verify.levels import highest

    return {
        "name": package.name,
        "version": package.version,
        "build": ready[package.name].build,
        "key": package.key,
        "site": plan.site,
        "options": list(package.options),
        "identity": [list(row) for row in package.identity],
        "requested": package.requested,
        "level": "built",
        "highest": highest(package),
        "demanded": plan.verify,
        "depends": list(package.depends),
        "proofs": [],
    }
