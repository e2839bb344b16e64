"""Verification on nodes that must be asked for: the same command, run by the scheduler."""

from __future__ import annotations

import shutil
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild.building import where_pybuild_is
from pybuild.errors import PrefixError, UsageError, VerificationError
from pybuild.here import here_for
from pybuild.prefix import pending
from pybuild.prefix.evidence import installed, sealed
from pybuild.prefix.notes import write_note
from pybuild.verification import PATH, Told
from pybuild.verify.failures import explain
from pybuild.verify.job import Errand, ask, log_tail, scheduler_variables, submit
from pybuild.verify.levels import highest

if TYPE_CHECKING:
    from pybuild.model.site import Site
    from pybuild.settings import Settings


def ranked_names(prefix: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of the packages that ranks can prove.

    Raises:
        PrefixError: there is none, or one of the packages is not there or not ours.
    """
    found = tuple(name for name in names if highest(installed(prefix, name)[1]) == "ranked")
    if not found:
        raise PrefixError(
            f"{prefix}: no package has a check with ranks among: {', '.join(names) or 'nothing'}",
            hint=f"pybuild list -p {prefix}",
        )
    return found


def has_nodes(prefix: Path, names: tuple[str, ...], settings: Settings) -> bool:
    """Return whether ranks can be started from here without asking for nodes."""
    return here_for(installed(prefix, names[0])[0], settings).setting.node == "compute"


def submit_job(prefix: Path, names: tuple[str, ...], options: tuple[str, ...], settings: Settings) -> str:
    """Hand the verification of packages over to the site's scheduler; return the job's number.

    The prefix must be locked, so that the job finds itself noted when it begins.

    Raises:
        UsageError: the site has no batch jobs.
        VerificationError: the scheduler does not take the job.
    """
    site = _site(prefix, names, settings)
    if site.launcher is None or not site.launcher.submit:
        raise UsageError(
            f"site {site.name} names no command that takes batch jobs (launcher.submit)", hint=_by_hand(names)
        )
    errand = _errand(prefix, names, options, site, settings)
    number = submit(errand, site.launcher)
    when = datetime.now(timezone.utc).isoformat(timespec="seconds")
    for name in names:
        note, _ = installed(prefix, name)
        write_note(prefix, pending.submitted(note, number, str(errand.folder), when))
    return number


def ask_for_nodes(
    prefix: Path,
    names: tuple[str, ...],
    options: tuple[str, ...],
    settings: Settings,
    told: Told | None = None,
) -> tuple[tuple[str, str], ...]:
    """Wait for an allocation, verify packages in it, and return (name, level reached) of each.

    The prefix must not be locked: the wait may be long, and what runs in the allocation locks it.

    Args:
        told: called with name and level of each, those that fail among them.

    Raises:
        UsageError: the site has no command that asks for nodes.
        VerificationError: there are no nodes, or a check failed on them.
    """
    site = _site(prefix, names, settings)
    if site.launcher is None or not site.launcher.ask:
        raise UsageError(
            f"site {site.name} names no command that asks for nodes (launcher.ask)", hint=_by_hand(names)
        )
    errand = _errand(prefix, names, options, site, settings)
    settings.report.phase(", ".join(names), f"wait for nodes: {' '.join(site.launcher.ask)}")
    code = ask(errand, site.launcher, settings.report.line)
    reached = []
    failures: list[VerificationError] = []
    for name in names:
        note = pending.found(str(errand.folder), name)
        if note is None:
            failures.append(_nothing_proven(errand, code, site))
            break
        job = note.get("job")
        if isinstance(job, dict) and job.get("state") == "failed":
            failures.append(VerificationError(str(job["failure"]), hint=job["hint"] or f"log: {job['log']}"))
        elif not sealed(prefix):  # the nodes may have found it read-only where it can be written from here
            write_note(prefix, note)
        reached.append((name, str(note["level"])))
        if told is not None:
            told(*reached[-1])
    if failures:
        raise failures[0]
    shutil.rmtree(errand.folder, ignore_errors=True)
    return tuple(reached)


def _nothing_proven(errand: Errand, code: int, site: Site) -> VerificationError:
    tail = log_tail(errand.folder)
    command = " ".join(site.launcher.ask) if site.launcher else ""
    # What a login node says of itself is not meant: this ran on the nodes, or there were none.
    known = explain("\n".join(tail), site.failures, "compute")
    told = f": {known.means}" if known else ""
    lines = "".join(f"\n  {line}" for line in tail)
    return VerificationError(
        f"{command}: ended with exit code {code} before anything was proven{told}{lines}",
        hint=known.cure if known else f"log: {errand.folder / pending.LOG}",
    )


def _errand(
    prefix: Path, names: tuple[str, ...], options: tuple[str, ...], site: Site, settings: Settings
) -> Errand:
    places = settings.places
    jobs = Path(places.cache, "jobs")
    jobs.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"verify-{names[0]}-", dir=jobs))
    argv = [sys.executable, "-m", "pybuild", "verify", *names, "--level", "ranked", "--prefix", str(prefix)]
    argv += ["--job", str(folder), "--site", site.name, "--channel", places.channel, "--cache", places.cache]
    argv += [word for directory in places.sites for word in ("--sites", directory)]
    argv += [word for directory in places.recipes for word in ("--recipes", directory)]
    return errand_of(folder, tuple(argv), options, site, settings)


def errand_of(
    folder: Path, argv: tuple[str, ...], options: tuple[str, ...], site: Site, settings: Settings
) -> Errand:
    """Return a command of pybuild as something that a scheduler may run.

    Args:
        folder: the job's own, seen by every node.
        argv: with absolute paths.
        options: more words for the command that asks for nodes.
    """
    environ = settings.environ
    inside = site.launcher.inside if site.launcher else ""
    kept = {n: environ[n] for n in ("HOME", "USER", "LOGNAME") if n in environ}
    named = {n: v for n, v in environ.items() if n.startswith(("PYBUILD_", "XDG_CONFIG"))}
    own = {"PATH": ":".join(site.path) or PATH, "LC_ALL": "C.UTF-8", **where_pybuild_is()}
    return Errand(
        folder=folder,
        argv=argv,
        environment={**kept, **named, **own},
        # The scheduler's commands are where the user finds them; the rest of the shell stays behind.
        asking={**scheduler_variables(environ, inside), **kept, "PATH": environ.get("PATH", PATH)},
        options=options,
        inside=inside,
    )


def _site(prefix: Path, names: tuple[str, ...], settings: Settings) -> Site:
    site = here_for(installed(prefix, names[0])[0], settings).site
    if site is None:
        raise UsageError(f"the site that {names[0]} was built for has no file", hint="add --sites DIR")
    return site


def _by_hand(names: tuple[str, ...]) -> str:
    return f"pybuild verify {' '.join(names)}, typed inside an allocation"
