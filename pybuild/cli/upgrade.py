"""``pybuild upgrade``: what was asked for, once more, in the newest release that goes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pybuild.cli.install import carried_out
from pybuild.cli.settings import choice, job_options, prefix_of
from pybuild.cli.text import put, say
from pybuild.errors import PrefixError, UsageError
from pybuild.prefix.notes import Note, is_installed, read_notes

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping, Sequence

    from pybuild.model.request import Request, Spec
    from pybuild.workflow import Settings


def upgrade(arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Show what would become newer or be built again, ask, build it, install and verify it."""
    from pathlib import Path

    from pybuild.prefix.state import demand_no_release

    job_options(arguments)
    prefix = prefix_of(arguments, environ)
    if not os.path.exists(os.path.join(prefix, "conda-meta", "history")):
        raise PrefixError(
            f"{prefix}: is no conda prefix (it has no conda-meta/history)",
            hint=f"pybuild install mpi4py -p {prefix} makes one",
        )
    demand_no_release(Path(prefix))
    names = _names(arguments.names, prefix)
    if not names and not any(note.get("requested") for note in _installed(prefix)):
        if arguments.json:
            put('{"changed": false, "levels": {}}')
        else:
            say(f"pybuild has installed nothing in {prefix} that was asked for, nothing to do")
        return 0
    return carried_out(arguments, environ, lambda settings: _asked(names, prefix, arguments, settings))


def _names(texts: Iterable[str], prefix: str) -> tuple[str, ...]:
    """Return the names of packages on a command line.

    Raises:
        UsageError: one is more than a name.
    """
    from pybuild.plan.specs import parse_spec

    specs = [parse_spec(text) for text in texts]
    for spec in specs:
        if spec.specifier or spec.options:
            raise UsageError(
                f"upgrade takes names, found {spec.text!r}; versions and options are chosen by install",
                hint=f"pybuild install '{spec.text}' -p {prefix}",
            )
    return tuple(dict.fromkeys(spec.name for spec in specs))


def _installed(prefix: str) -> list[Note]:
    return [note for note in read_notes(prefix) if is_installed(prefix, note)]


def _asked(
    names: Sequence[str], prefix: str, arguments: argparse.Namespace, settings: Settings
) -> tuple[Request, Settings]:
    """Return the request, and the settings with the site that the packages were built for.

    Raises:
        UsageError: they were built for several sites or targets.
        PrefixError: one of them is not there, or not ours.
    """
    from dataclasses import replace

    from pybuild.load.recipes import RecipeTree
    from pybuild.model.request import Request

    ours = {str(note["name"]): note for note in _installed(prefix)}
    known = set(RecipeTree(settings.places.recipes).names())
    for name in names:
        _demand_ours(name, prefix, ours)
    chosen = [*names] if names else [name for name, note in ours.items() if note.get("requested")]
    if not names:
        for name in [name for name in chosen if name not in known]:
            say(f"{name} stays as it is: there is no recipe of that name any more")
            chosen.remove(name)
    notes = [ours[name] for name in chosen]
    request = Request(
        specs=tuple(map(_spec, notes)),
        prefix=prefix,
        verify=arguments.verify,
        target=arguments.target or _only("target", notes),
        providers=tuple(choice(text) for text in arguments.use),
        upgrade=tuple(names or ours),
    )
    return request, replace(settings, site=arguments.site or _only("site", notes) or settings.site)


def _spec(note: Note) -> Spec:
    from pybuild.model.request import Spec

    options = note["options"]
    assert isinstance(options, list)
    text = f"{note['name']}[{','.join(options)}]" if options else str(note["name"])
    return Spec(text=text, name=str(note["name"]), options=tuple(options))


def _only(part: str, notes: Iterable[Note]) -> str | None:
    """Return the site or target that all packages were built for, None where nothing is noted.

    Raises:
        UsageError: there are several.
    """
    found = {str(note[part]): str(note["name"]) for note in notes if note.get(part)}
    if len(found) > 1:
        several = ", ".join(f"{name} for {value}" for value, name in found.items())
        raise UsageError(
            f"the packages were built for several {part}s: {several}",
            hint=f"name packages of one {part}, or choose with --{part} NAME",
        )
    return next(iter(found), None)


def _demand_ours(name: str, prefix: str, ours: Mapping[str, Note]) -> None:
    from pathlib import Path

    from pybuild.prefix.notes import read_note
    from pybuild.prefix.state import read_packages

    if name == "python":
        raise PrefixError(
            f"{prefix}: the Python of a prefix stays as it is",
            hint="make a new one: pybuild install SPEC… --python VERSION --prefix NEW",
        )
    if name in ours:
        return
    if read_note(prefix, name) is not None:
        raise PrefixError(
            f"{prefix}: {name} is gone, conda removed or replaced it",
            hint=f"pybuild install {name} -p {prefix}",
        )
    if any(package.name == name for package in read_packages(Path(prefix))):
        raise PrefixError(
            f"{prefix}: {name} is conda's, pybuild did not install it",
            hint=f"conda update -p {prefix} {name}, or pybuild install {name} -p {prefix}",
        )
    raise PrefixError(f"{prefix}: pybuild did not install {name!r}", hint=f"pybuild list -p {prefix}")
