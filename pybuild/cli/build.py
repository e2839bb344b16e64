"""``pybuild build``: single packages of a plan file, as the scheduler and batch jobs start it."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild.cli.progress import Screen
from pybuild.cli.settings import settings_of
from pybuild.cli.text import explain, paint, put, say
from pybuild.errors import OutOfTimeError, PybuildError

if TYPE_CHECKING:
    import argparse

    from pybuild.model.machine import ChannelPackage
    from pybuild.model.plan import PackagePlan
    from pybuild.run.events import Events


def build(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Build packages of a plan file into its channel; what is there already is only named.

    Raises:
        PlanError: the file is no plan of this pybuild, or has no such package.
        PybuildError: of the first build that failed, once the others are done.
    """
    from pybuild.building import build_one
    from pybuild.run.events import Events
    from pybuild.run.folder import RunFolder
    from pybuild.run.plan_file import package_of, read_plan_file

    path = Path(arguments.plan)
    content = read_plan_file(path)
    packages = [package_of(content, key, path) for key in arguments.keys]
    folder = RunFolder(Path(arguments.record)) if arguments.record else None
    first: PybuildError | None = None
    failed: set[str] = set()
    rows: list[ChannelPackage] = []
    with Screen(verbose=arguments.verbose) as screen:
        settings = settings_of(arguments, environ, screen)
        for package in packages:
            events = Events(folder.events(package.name, package.key) if folder else None)
            if because := next((name for name in _host_of(package) if name in failed), None):
                events.skipped(because)
                failed.add(package.name)
                continue
            try:
                with _warned(events):
                    rows.append(build_one(content, package, settings, events, arguments.jobserver))
            except PybuildError as error:
                failed.add(package.name)
                if first is not None:
                    say(explain(first).rstrip())
                first = error
    if arguments.json:
        names = ("name", "version", "build", "key", "file", "sha256")
        put(json.dumps([{name: getattr(row, name) for name in names} for row in rows]))
    else:
        for row in rows:
            say(f"{paint('done:', 'green')} {row.name} {row.version} is in the channel: {row.file}")
    if first is not None:
        raise first
    return 0


def _host_of(package: PackagePlan) -> tuple[str, ...]:
    return package.build.host if package.build else ()


@contextmanager
def _warned(events: Events) -> Iterator[None]:
    """Stop cleanly when a batch system says that the job's time is nearly over (SIGUSR1).

    Raises:
        OutOfTimeError: it did.
    """
    warned = False

    def stop(number: int, frame: object) -> None:
        nonlocal warned
        warned = True
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, stop)
    try:
        yield
    except KeyboardInterrupt:
        if not warned:
            raise
        error = OutOfTimeError(
            "the job's time is nearly over, the build was stopped",
            hint="the same command goes on; give each job more time: --job-options='-t 2:00:00'",
        )
        events.failed(error, "stopped")
        raise error from None
    finally:
        signal.signal(signal.SIGUSR1, before)
