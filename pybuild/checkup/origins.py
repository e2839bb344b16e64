"""What packages were built for and with, held against what the site has now, and how far they are proven."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping

from pybuild.captures import captured
from pybuild.checkup.state import Prefix, Shell, bound
from pybuild.errors import PybuildError
from pybuild.here import ways
from pybuild.load.programs import find_providers
from pybuild.model.finding import Finding
from pybuild.model.providers import Provider
from pybuild.plan.providers import may_be
from pybuild.plan.templates import late
from pybuild.prefix.notes import Note
from pybuild.settings import Settings
from pybuild.verify.levels import LEVELS

_BUILT = re.compile(r"(?P<name>\S+) (?P<rest>\S+ \S+_h[0-9a-f]+_\d+)")
"""A provider that is a package of ours: name, version, build."""


def other_site(prefix: Prefix, shell: Shell) -> Iterator[Finding]:
    """Yield each other site than this one that packages were built for."""
    here = shell.site.name
    for site in dict.fromkeys(str(note["site"]) for note in prefix.ours):
        notes = [note for note in prefix.ours if note["site"] == site]
        tied = [note for note in notes if any(bound(note))]
        names = ", ".join(str(note["name"]) for note in tied or notes)
        asked = " ".join(str(note["name"]) for note in notes if note["requested"])
        if site != here:
            yield Finding(
                check="other-site", level="wrong" if tied else "note",
                what=f"built for site {site}, and this is {here}: {names}",
                why="packages are bound to the libraries of their machine" if tied else
                "another processor, or another C library, may not run it",
                cure=f"pybuild install {asked or names} -p {shlex.quote(f'{prefix.path}-{here}')}",
            )  # fmt: skip


def other_providers(prefix: Prefix, shell: Shell, settings: Settings) -> Iterator[Finding]:
    """Yield each provider that a package was built with and that is no longer what it was.

    The site's module tool is asked where modules bring the provider.
    """
    records = {name: f"{version} {build}" for name, version, build in prefix.records}
    told: set[tuple[str, str]] = set()
    for note in prefix.ours:
        for virtual, identity in bound(note):
            built = _BUILT.fullmatch(identity)
            if built is not None:
                now = records.get(built["name"])
                if now != built["rest"]:
                    yield _changed(prefix, note, virtual, identity, f"{built['name']} {now}" if now else "")
            elif note["site"] == shell.site.name and (virtual, identity) not in told:
                told.add((virtual, identity))
                yield from _of_site(prefix, note, virtual, identity, shell, settings)


def _of_site(
    prefix: Prefix, note: Note, virtual: str, identity: str, shell: Shell, settings: Settings
) -> Iterator[Finding]:
    providers = [p for v in shell.site.virtuals if v.name == virtual for p in v.providers]
    loaded = [p for p in providers if p.where == "site" and may_be(p.identity, identity)]
    if loaded:
        yield from _by_modules(prefix, note, virtual, identity, loaded[0], settings)
        return
    found = find_providers(shell.site, {virtual}, prefix=str(prefix.path), environ=shell.environ)
    if any(one.identity == identity for one in found):
        return
    where = identity.partition(": ")[0]
    same = next((one.identity for one in found if one.identity.partition(": ")[0] == where), "")
    yield _changed(prefix, note, virtual, identity, same, other=found[0].identity if found else "")


def _by_modules(
    prefix: Prefix, note: Note, virtual: str, identity: str, provider: Provider, settings: Settings
) -> Iterator[Finding]:
    plan = prefix.plans.get(str(note["name"]))
    if plan is None or plan.run_modules is None:
        return
    try:
        loaded: Mapping[str, str] = dict(captured(plan.run_modules, settings).environment)
    except PybuildError as error:
        yield Finding(
            check="other-providers", level="wrong",
            what=f"the modules that {plan.name} runs with cannot be loaded: {error.message.splitlines()[0]}",
            why="what it was built with may be gone, or the site's file be wrong",
            cure=error.hint or f"pybuild site test {note['site']}",
        )  # fmt: skip
        return
    now = late(provider.identity, {f"env.{name}": value for name, value in loaded.items()})
    if now != identity:
        yield _changed(prefix, note, virtual, identity, now)


def _changed(prefix: Prefix, note: Note, virtual: str, was: str, now: str, *, other: str = "") -> Finding:
    """Return that a provider is another version of what it was (a note), or is not there any more."""
    name, path = str(note["name"]), shlex.quote(str(prefix.path))
    instead = (
        f"it is now {now}" if now else f"that is not there; {f'there is {other}' if other else 'nothing is'}"
    )
    built = _BUILT.fullmatch(was) is not None
    return Finding(
        check="other-providers", level="note" if now and not built else "wrong",
        what=f"{name} was built with another {virtual}: {was}; {instead}",
        why="what it was built with and what it runs with may not fit together",
        cure=f"pybuild verify {name} -p {path}" if now and not built else
        prefix.install(f"{name}=={note['version']} --rebuild"),
    )  # fmt: skip


def unproven(prefix: Prefix, shell: Shell) -> Iterator[Finding]:
    """Yield each package that is proven less far than was demanded, or whose job failed."""
    asked = {str(note["name"]) for note in prefix.ours if note["requested"]}
    wanted = asked | {identity.split(" ")[0] for note in prefix.ours for _, identity in bound(note)}
    for note in prefix.ours:
        name, level = str(note["name"]), str(note["level"])
        goal = min(str(note["demanded"]), str(note["highest"]), key=_number)
        if name not in wanted or _number(level) >= _number(goal):
            continue
        job = note.get("job")
        path = shlex.quote(str(prefix.path))
        if isinstance(job, dict) and job.get("state") == "submitted":
            yield _below(
                note, goal, f"job {job.get('number')} is to prove it", f"pybuild list -p {path}", "note"
            )
        elif isinstance(job, dict) and job.get("failure"):
            cure = str(job.get("hint") or f"pybuild info {name} -p {path}")
            yield _below(note, goal, f"job {job.get('number')} failed: {job['failure']}", cure, "wrong")
        elif goal == "ranked" and level == "imported" and not shell.starts_ranks:
            why = "ranks are not started on this node"
            yield _below(note, goal, why, ways(shell.site, f"{name} -p {path}"), "note")
        else:
            yield _below(
                note, goal, "a check has failed, or was not run", f"pybuild verify {name} -p {path}", "wrong"
            )


def _below(note: Note, goal: str, why: str, cure: str, level: str) -> Finding:
    return Finding(
        check="unproven", level="wrong" if level == "wrong" else "note",
        what=f"{note['name']} is {note['level']}, and {goal} was demanded", why=why, cure=cure,
    )  # fmt: skip


def _number(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else 0
