"""The last step of a run: bring installed packages to a verification level, and note what was proven."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pybuild.errors import PlanError, PybuildError, VerificationError
from pybuild.here import Here, here_for, ways
from pybuild.prefix import pending
from pybuild.prefix.evidence import installed, leave, leave_aside, sealed
from pybuild.prefix.notes import write_note
from pybuild.verify.levels import highest, reaches

if TYPE_CHECKING:
    from pybuild.model.plan import PackagePlan
    from pybuild.model.site import Site
    from pybuild.prefix.notes import Note
    from pybuild.settings import Settings
    from pybuild.verify.package import Outcome

Told = Callable[[str, str], None]
PATH = "/usr/local/bin:/usr/bin:/bin"


def verify(
    prefix: Path,
    names: tuple[str, ...],
    wanted: str | None,
    settings: Settings,
    *,
    job: Path | None = None,
    told: Told | None = None,
) -> tuple[tuple[str, str], ...]:
    """Bring installed packages to the level ``wanted`` (None: the highest they can reach from here).

    Returns (name, level reached) of each.

    Args:
        job: folder where a job leaves what it found; the prefix may be read-only for it.
        told: called with name and level of each, those that fail among them.

    Raises:
        VerificationError: a check failed; what was proven of this package and of the others stays noted.
        PrefixError: a package is not there or not ours.
        PlanError: ranks are wanted and the site has no file.
        ModuleToolError: the site's modules are not what its file says.
    """
    reached: list[tuple[str, str]] = []
    failures: list[PybuildError] = []
    for name in names:
        note, package = installed(prefix, name)
        with _told_to(job, prefix, note):
            here = here_for(note, settings, job)
            goal = _goal(prefix, package, wanted, here, settings)
            settings.report.phase(name, f"verify: {goal}")
            outcome = _prove(prefix, note, package, goal, here, settings)
        note = _noted(note, outcome, job)
        if outcome.failure is not None:
            failures.append(outcome.failure)
            if job is not None:
                note = _failed(note, outcome.failure, here.setting.job, job)
        _record(prefix, note, job, settings)
        reached.append((name, str(note["level"])))
        if told is not None:
            told(*reached[-1])
    if failures:
        raise failures[0]
    return tuple(reached)


def checks_environment(
    prefix: Path, settings: Settings, package: PackagePlan | None, site: Site | None = None
) -> dict[str, str]:
    """Return the whole environment of a package's checks.

    The site's modules and rules for runs, the prefix first, and of the user's only the scheduler's part.

    Args:
        package: None for a prefix of conda's packages alone, which says nothing of modules.

    Raises:
        ModuleToolError: the modules are not what the site says.
    """
    from pybuild.captures import captured
    from pybuild.plan.environment import applied
    from pybuild.plan.templates import late
    from pybuild.verify.job import scheduler_variables

    inside = site.launcher.inside if site and site.launcher else ""
    kept = scheduler_variables(settings.environ, inside)
    kept |= {"TMPDIR": settings.environ["TMPDIR"]} if "TMPDIR" in settings.environ else {}
    loaded: Mapping[str, str] = {"PATH": ":".join(site.path) if site and site.path else PATH}
    if package is not None and package.run_modules is not None:
        loaded = dict(captured(package.run_modules, settings).environment)
    tokens = {"prefix": str(prefix), **{f"env.{name}": value for name, value in loaded.items()}}
    edits = package.run_environment if package is not None else ()
    environment = {n: late(v, tokens) for n, v in applied(edits, loaded).items()}
    path = f"{prefix}/bin:{environment['PATH']}"
    return {**environment, **kept, "PATH": path, "HOME": str(prefix), "LC_ALL": "C.UTF-8"}


def _goal(prefix: Path, package: PackagePlan, wanted: str | None, here: Here, settings: Settings) -> str:
    name, goal = package.name, wanted or highest(package)
    if goal != "ranked" or highest(package) != "ranked" or here.starts_ranks:
        return goal
    if here.site is None:
        raise PlanError(
            f"the site that {name} was built for has no file, and only that says where ranks may be started",
            hint="add --sites DIR, or --level imported",
        )
    refused = f"{platform.node()} is a login node of {here.site.name}, where no ranks are started"
    how = ways(here.site, f"{name} -p {prefix}")
    if wanted is not None:
        raise VerificationError(f"{refused}: {name} cannot be proven by ranks", hint=how)
    settings.report.note(f"{refused}: {name} is proven up to imported; {how}")
    return "imported"


def _prove(
    prefix: Path, note: Note, package: PackagePlan, goal: str, here: Here, settings: Settings
) -> Outcome:
    from dataclasses import replace

    from pybuild.prefix.installed import files_of
    from pybuild.verify.package import prove

    environment = checks_environment(prefix, settings, package, here.site)
    with _folder(here, settings) as folder:
        setting = replace(here.setting, folder=folder)
        return prove(prefix, package, files_of(prefix, note), goal, environment, setting=setting)


@contextmanager
def _folder(here: Here, settings: Settings) -> Iterator[str | None]:
    """Give a check a folder to write to that other nodes see as well: shared prefixes are not for that."""
    if here.setting.folder is not None:
        yield here.setting.folder
        return
    cache = settings.places.cache
    try:
        os.makedirs(cache, exist_ok=True)
        made = tempfile.TemporaryDirectory(prefix="check-", dir=cache, ignore_cleanup_errors=True)
    except OSError:
        yield None
        return
    with made as folder:
        yield folder


def _noted(note: Note, outcome: Outcome, job: Path | None) -> Note:
    level, proofs = outcome.level, list(outcome.proofs)
    if outcome.failure is None and reaches(str(note["level"]), level):
        # A weaker check that passed again takes nothing away from what stronger ones proved before.
        older = cast("list[dict[str, object]]", note["proofs"])
        proofs += [proof for proof in older if not reaches(level, str(proof["level"]))]
        level = str(note["level"])
    if job is not None or (outcome.failure is None and level == "ranked"):
        return pending.proven(note, level, proofs)
    return {**note, "level": level, "proofs": proofs}


def _failed(note: Note, error: PybuildError, number: str | None, job: Path) -> Note:
    return pending.failed(note, number or _number(note), str(job), error.message, error.hint)


def _number(note: Note) -> str | None:
    job = note.get("job")
    return str(job["number"]) if isinstance(job, dict) and job.get("number") else None


def _record(prefix: Path, note: Note, job: Path | None, settings: Settings) -> None:
    if job is not None:
        leave(prefix, note, job)
    elif not sealed(prefix):
        write_note(prefix, note)
    else:
        aside = leave_aside(prefix, note, settings.places.cache)
        settings.report.note(
            f"{prefix} stays as it is; what was proven of {note['name']} is noted in {aside}"
        )


@contextmanager
def _told_to(job: Path | None, prefix: Path, note: Note) -> Iterator[None]:
    """Let a job say why it ended, whatever ended it."""
    try:
        yield
    except (PybuildError, KeyboardInterrupt) as error:
        if job is not None:
            ended = PybuildError("the job was ended from outside, by its time limit or by somebody")
            why = error if isinstance(error, PybuildError) else ended
            leave(prefix, _failed(note, why, None, job), job)
        raise
