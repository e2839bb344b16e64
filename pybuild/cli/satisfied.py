"""The shortest way to "nothing to do": a few small files, none of the libraries."""

from __future__ import annotations

import os

from pybuild.cli.plain import absolute
from pybuild.cli.text import put, say
from pybuild.prefix import places
from pybuild.prefix.notes import Note, is_installed, read_note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_LEVELS = ("built", "linked", "imported", "ranked")


def answered(arguments: Any, environ: Mapping[str, str]) -> bool:
    """Return whether ``install`` surely has nothing to do, and say so.

    Raises:
        UsageError: the options for jobs are wrong; a slip in them is told before anything else.
        PrefixError: a note does not hold what it must.
    """
    if arguments.job_options:
        from pybuild.cli.settings import job_options

        job_options(arguments)
    named = arguments.prefix or environ.get("CONDA_PREFIX")
    # These ask for more than the notes of a prefix tell.
    particular = arguments.rebuild or arguments.use or arguments.target
    if not named or particular:
        return False
    prefix = absolute(named)
    if not satisfied(prefix, arguments.specs, arguments.verify, arguments.site, arguments.python):
        return False
    if arguments.json:
        put('{"changed": false}')
    else:
        say(f"{', '.join(arguments.specs)}: already in {prefix}, nothing to do")
    return True


def satisfied(
    prefix: str, specs: Sequence[str], level: str | None, site: str | None, python: str | None = None
) -> bool:
    """Return whether the prefix surely is what is asked for; False means "look properly".

    Args:
        level: verification that the user demands, None for what was demanded at installation.
        site: name of a site that the user demands.
        python: version, or path of a program, that the user demands.
    """
    return (
        not os.path.exists(os.path.join(prefix, places.JOURNAL))
        and all(_satisfied(prefix, text, level, site) for text in specs)
        and (python is None or _has_python(prefix, python))
    )


def _has_python(prefix: str, version: str) -> bool:
    """Return whether the prefix's Python is of a version such as ``3.11``; what a path is, is not known."""
    begins = (f"python-{version}-", f"python-{version}.")
    return any(name.startswith(begins) for name in os.listdir(os.path.join(prefix, places.META)))


def _satisfied(prefix: str, text: str, level: str | None, site: str | None) -> bool:
    if _is_name(text):
        note = read_note(prefix, text)
        wanted = True
    else:
        from packaging.requirements import InvalidRequirement, Requirement
        from packaging.utils import canonicalize_name

        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            return False
        if requirement.url or requirement.marker:
            return False
        note = read_note(prefix, canonicalize_name(requirement.name))
        wanted = note is not None and _fits(requirement.extras, requirement.specifier, note)
    return (
        note is not None
        and wanted
        and is_installed(prefix, note)
        and _has_its_needs(prefix, note)
        and _proven(note, level)
        and (site is None or note.get("site") == site)
    )


def _is_name(text: str) -> bool:
    return text.replace("-", "").isalnum() and text == text.lower()


def _fits(extras: set[str], specifier, note: Note) -> bool:  # type: ignore[no-untyped-def]
    options = note["options"]
    assert isinstance(options, list)
    return specifier.contains(str(note["version"]), prereleases=True) and extras <= set(options)


def _has_its_needs(prefix: str, note: Note) -> bool:
    """Return whether conda has a package of every name that this one needs, in whatever version."""
    needs = note.get("depends") or []
    assert isinstance(needs, list)
    there = {name.rsplit("-", 2)[0] for name in os.listdir(os.path.join(prefix, places.META))}
    return all(name in there or name.startswith("__") for name in (str(text).split()[0] for text in needs))


def _proven(note: Note, level: str | None) -> bool:
    """Return whether the level reached is the one demanded, or the highest that the package can prove."""
    wanted = min(_LEVELS.index(str(level or note["demanded"])), _LEVELS.index(str(note["highest"])))
    return _LEVELS.index(str(note["level"])) >= wanted
