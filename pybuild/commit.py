"""What changes a prefix: a plan's packages, or a removal, in one transaction under the prefix's lock."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild.errors import PrefixError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pybuild.model.machine import ChannelPackage, PrefixState
    from pybuild.model.plan import PackagePlan, Plan
    from pybuild.prefix.journal import Journal
    from pybuild.prefix.notes import Note
    from pybuild.settings import Settings


class PrefixChangedError(PrefixError):
    """Somebody else changed the prefix between the plan and its commit."""


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
            with _tighter(settings.umask):
                create(prefix, journal, cache=cache, copies=settings.copies)
        else:
            change(prefix, journal, cache=cache)


@contextmanager
def _tighter(bits: int) -> Iterator[None]:
    before = os.umask(0o077)
    os.umask(before | bits)
    try:
        yield
    finally:
        os.umask(before)


def uninstall(prefix: Path, names: tuple[str, ...], settings: Settings) -> None:
    """Remove packages that pybuild installed, with their pins.

    Raises:
        PrefixError: one of them is not there or not ours.
    """
    from pybuild.prefix.journal import Journal
    from pybuild.prefix.notes import read_note
    from pybuild.prefix.state import demand_no_release
    from pybuild.prefix.transaction import change

    demand_no_release(prefix)
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

    if places.journal(Path(prefix)).exists() or places.unfinished(Path(prefix)).exists():
        with locked(Path(prefix), settings):
            pass


@contextmanager
def locked(prefix: Path, settings: Settings) -> Iterator[None]:
    """Hold the prefix's lock, with whatever an interrupted run left in it finished first.

    Raises:
        PrefixError: the lock cannot be made.
    """
    from pybuild.prefix import places
    from pybuild.prefix.transaction import recover

    def waiting(owner: str) -> None:
        settings.report.note(f"waiting for {owner}, which is changing {prefix}")

    with ExitStack() as stack:
        lock = None
        # Whoever waited beside a prefix that was being made must have the lock inside it as well as anybody.
        while lock != (wanted := places.lock(prefix)):
            stack.close()
            _take(stack, lock := wanted, waiting)
        finished = recover(prefix, cache=Path(settings.places.cache))
        if finished is not None:
            settings.report.note(f"finished what an interrupted run had begun: {finished}")
        yield


def _take(stack: ExitStack, lock: Path, waiting: Callable[[str], None]) -> None:
    from pybuild.locks import held

    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PrefixError(f"{lock.parent}: cannot be made: {error.strerror}") from error
    if not os.access(lock.parent, os.W_OK | os.X_OK):
        raise PrefixError(f"{lock.parent}: cannot be written by you", hint="name a prefix of your own")
    try:
        stack.enter_context(held(lock, waiting=waiting))
    except OSError as error:
        raise PrefixError(f"{lock}: cannot be made: {(error.strerror or str(error)).lower()}") from error


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
    from cattrs import unstructure

    from pybuild.prefix.notes import read_note
    from pybuild.verify.levels import highest

    before = read_note(plan.prefix, package.name) or {}

    return {
        "name": package.name,
        "version": package.version,
        "build": ready[package.name].build,
        "key": package.key,
        "site": plan.site,
        "target": plan.target,
        "options": list(package.options),
        "identity": [list(row) for row in package.identity],
        # Who asked for it once still does, when it changes for the sake of another.
        "requested": package.requested or bool(before.get("requested")),
        "level": "built",
        "highest": highest(package),
        "demanded": plan.verify,
        "depends": list(package.depends),
        "proofs": [],
        # The package may have been built when the site had other rules for runs.
        "run": unstructure({"modules": package.run_modules, "environment": package.run_environment}),
    }
