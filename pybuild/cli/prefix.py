"""Commands on a prefix: ``list``, ``info``, ``log``, ``verify``, ``uninstall``."""

from __future__ import annotations

import json

from pybuild.cli.settings import existing_prefix, job_options, settings_of
from pybuild.cli.text import columns, paint, put, say
from pybuild.errors import PrefixError, PybuildError, UsageError
from pybuild.prefix.notes import Note, is_installed, read_note, read_notes
from pybuild.prefix.pending import collected, job_rows, state_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from pybuild.verification import Told
    from pybuild.workflow import Settings


def list_(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """List what pybuild installed, and whether conda still has it."""
    prefix = existing_prefix(arguments, environ)
    notes = [{**collected(note), "installed": is_installed(prefix, note)} for note in read_notes(prefix)]
    if arguments.json:
        put(json.dumps(notes, indent=1))
        return 0
    rows = [("name", "version", "build", "site", "verified")] if notes else []
    rows += [
        (str(n["name"]), str(n["version"]), str(n["build"]), str(n["site"]),
         _level(n) if n["installed"] else "gone: conda removed or replaced it")
        for n in notes
    ]  # fmt: skip
    for line in columns(rows):
        put(line)
    if not notes:
        say(f"pybuild has installed nothing in {prefix}")
    return 0


def info(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Show everything known about one installed package."""
    from pybuild.prefix.installed import read_record

    prefix = _existing(arguments, environ)
    note = collected(_note(prefix, arguments.name))
    record = read_record(prefix, arguments.name) or {}
    if arguments.json:
        put(json.dumps({"note": note, "record": record}, indent=1))
        return 0
    for line in columns(_info_rows(note, record)):
        put(line)
    return 0


def log(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print the log of the build of an installed package.

    Raises:
        PrefixError: pybuild did not install it, or its log cannot be read.
    """
    from pybuild.prefix.installed import share

    prefix = _existing(arguments, environ)
    _note(prefix, arguments.name)
    path = share(prefix, arguments.name) / "build.log"
    try:
        text = path.read_text("utf-8", "replace")
    except OSError as error:
        raise PrefixError(f"{path}: cannot be read: {(error.strerror or '').lower()}") from error
    if arguments.json:
        put(json.dumps({"path": str(path), "log": text}))
    else:
        put(text.removesuffix("\n"))
    return 0


def verify(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Prove what is installed, here or on nodes that are asked for, and note the level of each package."""
    from dataclasses import replace

    from pybuild.cli.progress import Screen
    from pybuild.commit import finish_interrupted
    from pybuild.prefix.evidence import sealed

    prefix = _existing(arguments, environ)
    _demand_ranks(arguments)
    with Screen() as screen:
        # A package belongs to the site that it was built for, unless the command line names another.
        settings = replace(settings_of(arguments, environ, screen), site=arguments.site)
        if not sealed(prefix):  # first, since packages may come and go with it
            finish_interrupted(str(prefix), settings)
        names = tuple(arguments.names) or tuple(
            str(n["name"]) for n in read_notes(prefix) if is_installed(prefix, n)
        )
        if arguments.submit:
            return _submit(prefix, names, arguments, settings)
        levels: dict[str, str] = {}
        try:
            _verify(prefix, names, arguments, settings, levels.__setitem__)
        except PybuildError:
            if levels:  # what the others reached is known where a check of one failed
                _show_levels(levels, arguments)
            raise
    _show_levels(levels, arguments)
    return 0


def _show_levels(levels: Mapping[str, str], arguments: argparse.Namespace) -> None:
    if arguments.json:
        put(json.dumps(levels))
        return
    for line in columns(levels.items()):
        put(line)


def _verify(
    prefix: Path, names: tuple[str, ...], arguments: argparse.Namespace, settings: Settings, told: Told
) -> None:
    from contextlib import nullcontext
    from pathlib import Path

    from pybuild.commit import locked
    from pybuild.elsewhere import ask_for_nodes, has_nodes, ranked_names
    from pybuild.prefix.evidence import sealed
    from pybuild.verification import verify as prove

    if arguments.on == "compute" and not has_nodes(prefix, ranked_names(prefix, names), settings):
        ask_for_nodes(prefix, ranked_names(prefix, names), job_options(arguments), settings, told)
        return
    job = Path(arguments.job) if arguments.job else None
    # Where the prefix is read-only, there is nobody to lock out and no place for a lock.
    with nullcontext() if sealed(prefix) else locked(prefix, settings):
        prove(prefix, names, arguments.level, settings, job=job, told=told)


def _submit(prefix: Path, names: tuple[str, ...], arguments: argparse.Namespace, settings: Settings) -> int:
    from pybuild.commit import locked
    from pybuild.elsewhere import ranked_names, submit_job

    chosen = ranked_names(prefix, names)
    with locked(prefix, settings):
        number = submit_job(prefix, chosen, job_options(arguments), settings)
    if arguments.json:
        put(json.dumps({"job": number, "names": chosen}))
    else:
        put(f"job {number} proves {', '.join(chosen)}")
        say(f"{paint('hint:', 'cyan')} pybuild list -p {prefix} shows what it found when it has ended")
    return 0


def _demand_ranks(arguments: argparse.Namespace) -> None:
    if arguments.on and arguments.submit:
        raise UsageError("--on compute waits for nodes and --submit does not", hint="take one of them")
    if (arguments.on or arguments.submit) and arguments.level not in (None, "ranked"):
        raise UsageError(f"level {arguments.level} needs no nodes", hint="leave --on and --submit out")
    job_options(arguments)


def uninstall(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Remove packages that nothing else in the prefix needs, after asking.

    Raises:
        PrefixError: pybuild did not install one of them, something that stays needs one, or the prefix
            cannot be changed.
        UsageError: there is no terminal to ask on.
        Interrupted: the answer was no; nothing was changed.
    """
    from pybuild.cli.progress import Screen
    from pybuild.cli.question import demand_yes
    from pybuild.commit import uninstall as remove
    from pybuild.prefix.needs import demand_unneeded

    prefix = _existing(arguments, environ)
    notes = [_note(prefix, name) for name in arguments.names]
    demand_unneeded(prefix, arguments.names)
    for note in notes:
        say(f"  - {note['name']} {note['version']} {note['build']}")
    if not arguments.yes:
        demand_yes(f"remove from {prefix}?", hint="add -y")
    with Screen() as screen:
        remove(prefix, tuple(arguments.names), settings_of(arguments, environ, screen))
    if arguments.json:
        put(json.dumps({"removed": arguments.names}))
    else:
        say(f"{paint('done:', 'green')} removed {', '.join(arguments.names)} from {prefix}")
    return 0


def _in_job(proof: dict[str, Any]) -> str:
    return f" in job {proof['job']}" if proof.get("job") else ""


def _level(note: Note) -> str:
    job = state_of(note)
    return f"{note['level']}, {job}" if job else str(note["level"])


def _existing(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Path:
    from pathlib import Path

    return Path(existing_prefix(arguments, environ))


def _note(prefix: Path, name: str) -> Note:
    note = read_note(prefix, name)
    if note is None:
        raise PrefixError(f"{prefix}: pybuild did not install {name!r}", hint=f"pybuild list -p {prefix}")
    return note


def _info_rows(note: Note, record: dict[str, Any]) -> list[tuple[str, str]]:
    package = record.get("package", {})
    rows = [(key, str(note[key])) for key in ("name", "version", "build", "key", "site", "level")]
    rows += [("summary", package.get("summary", "")), ("license", package.get("license", ""))]
    rows += [(virtual, identity) for virtual, identity in package.get("identity", ())]
    rows += [("why", why) for why in package.get("why", ())]
    busy = record.get("processor", {})
    rows += [
        (f"seconds: {step}", f"{value:g}" + (f", of processors {busy[step]:g}" if busy.get(step) else ""))
        for step, value in record.get("seconds", {}).items()
    ]
    proofs = note["proofs"]
    assert isinstance(proofs, list)
    rows += job_rows(note)
    rows += [
        (f"proof: {p['level']}", f"{p['when']} on {p['where']}{_in_job(p)}  {json.dumps(p['seen'])}")
        for p in proofs
    ]
    return [(label, text) for label, text in rows if text]
