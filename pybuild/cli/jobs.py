"""``pybuild jobs``, and ``pybuild install --on slurm``: builds as batch jobs."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pybuild.cli.builds_view import minutes
from pybuild.cli.progress import Screen
from pybuild.cli.settings import job_options, settings_of
from pybuild.cli.text import columns, paint, put, say
from pybuild.cli.warning import warned
from pybuild.errors import Interrupted, UsageError

if TYPE_CHECKING:
    import argparse

    from pybuild.batch.queue import Queue
    from pybuild.model.plan import Plan
    from pybuild.model.run import Progress, RunRecord
    from pybuild.run.folder import RunFolder
    from pybuild.settings import Settings


def install_by_jobs(made: Plan, settings: Settings, screen: Screen, arguments: argparse.Namespace) -> int:
    """Submit a plan that was accepted, and follow its jobs unless that is not wanted.

    Raises:
        UsageError: the site takes no jobs.
        BuildError: the batch system refused one, or a build failed.
    """
    from pybuild.batch.submission import submit_run
    from pybuild.load.sites import choose_site

    site = choose_site(settings.site or made.site, settings.places, settings.environ)
    queue = _queue(settings)
    options = job_options(arguments)
    folder, record = submit_run(made, site, settings, queue, options, arguments.jobs)
    all_ = (*record.builds, *([record.last] if record.last else []))
    numbers = list(dict.fromkeys(build.job for build in all_ if build.job))
    say(f"{paint('submitted:', 'green')} run {folder.path.name}, jobs {', '.join(numbers)}")
    if arguments.submit:
        say(f"  pybuild jobs status|wait|cancel {folder.path.name}")
        if arguments.json:
            put(json.dumps({"run": folder.path.name, "jobs": numbers}))
        return 0
    return _followed(folder, settings, screen, as_data=arguments.json)


def status(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print one line for each build of a run."""
    from pybuild.batch.following import look

    settings, folder = _run(arguments, environ)
    record = look(folder, _queue(settings))
    if arguments.json:
        from cattrs import unstructure

        put(json.dumps(unstructure(record)))
        return 0
    rows = [*record.builds, *([record.last] if record.last else [])]
    for line in columns([_row(build) for build in rows]):
        put(line)
    return 0


def wait(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Follow the jobs of a run to their end.

    Raises:
        BuildError: a build or the installation failed.
    """
    with Screen() as screen:
        settings, folder = _run(arguments, environ, screen)
        return _followed(folder, settings, screen, as_data=arguments.json)


def cancel(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Cancel what is left of a run's jobs."""
    from pybuild.batch.following import cancel as cancel_jobs

    settings, folder = _run(arguments, environ)
    numbers = cancel_jobs(folder, _queue(settings))
    if arguments.json:
        put(json.dumps({"cancelled": numbers}))
    else:
        say(f"cancelled: {', '.join(numbers) or 'nothing, every job is over'}")
    return 0


def install(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Install and prove what the jobs of a run built.

    Raises:
        OutOfTimeError: the batch system warned that the job's time is nearly over.
        PybuildError: as installing and verifying find it.
    """
    from pybuild.batch.installation import install_run, told_by

    with Screen() as screen:
        settings, folder = _run(arguments, environ, screen)
        with warned("installation", lambda error: told_by(folder).failed(error, "stopped")):
            levels = install_run(folder, settings)
    if arguments.json:
        put(json.dumps({"levels": dict(levels)}))
    for name, level in levels:
        say(f"{paint('done:', 'green')} {name}, verified: {level}")
    return 0


def _followed(folder: RunFolder, settings: Settings, screen: Screen, *, as_data: bool) -> int:
    from dataclasses import replace

    from pybuild.batch.following import follow
    from pybuild.batch.submission import Submitter
    from pybuild.load.sites import choose_site
    from pybuild.run.outcome import demand_built

    begun = folder.read()
    site = choose_site(settings.site or begun.site, settings.places, settings.environ)
    submitter = Submitter(
        folder=folder, site=site, settings=settings, options=begun.options, jobs=begun.each or None
    )
    queue = _queue(settings)
    try:
        with screen.builds() as watch:
            record = follow(folder, queue, submitter, lambda now: watch(_with_last(now)))
    except KeyboardInterrupt:
        name = folder.path.name
        raise Interrupted(
            "interrupted; the jobs go on", hint=f"pybuild jobs wait {name}, or pybuild jobs cancel {name}"
        ) from None
    last = max((b.ended for b in _with_last(record).builds), default=0.0)
    if record.ended != last:
        record = replace(record, ended=last)
        folder.write(record)
    screen.run_ended(_with_last(record))
    demand_built(_with_last(record))
    if as_data:
        put(json.dumps({"changed": True, "run": record.name}))
    say(f"{paint('done:', 'green')} {record.prefix}: pybuild list -p {record.prefix}")
    return 0


def _with_last(record: RunRecord) -> RunRecord:
    """Return a record with the installation among the builds, for showing."""
    from dataclasses import replace

    return replace(record, builds=(*record.builds, record.last)) if record.last else record


def _row(build: Progress) -> tuple[str, ...]:
    took = minutes((build.ended or time.time()) - build.began) if build.began else ""
    missing = f"{build.because} is not there" if build.because else ""
    what = build.phase if build.state == "builds" else build.message or missing
    return build.name, build.state, build.job or "here", build.node, took, what


def _run(
    arguments: argparse.Namespace, environ: Mapping[str, str], screen: Screen | None = None
) -> tuple[Settings, RunFolder]:
    """Return the settings, and the run that is meant.

    Raises:
        UsageError: there is no such run, or it has no jobs.
    """
    from pybuild.run.folder import find_run

    settings = settings_of(arguments, environ, screen)
    prefix = os.path.abspath(os.path.expanduser(arguments.prefix)) if arguments.prefix else None
    folder = find_run(settings.places.cache, arguments.run_name, prefix)
    if folder.read().on != "slurm":
        raise UsageError(f"run {folder.path.name} has no jobs: it was built here")
    return settings, folder


def _queue(settings: Settings) -> Queue:
    from pybuild.batch.queue import Queue

    return Queue(environ=settings.environ)
