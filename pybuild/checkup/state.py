"""What the checks look at: a shell, and a prefix as it is on disk."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pybuild.errors import PrefixError
from pybuild.model.plan import PackagePlan
from pybuild.model.providers import base_of
from pybuild.model.site import Site
from pybuild.prefix import places
from pybuild.prefix.installed import planned
from pybuild.prefix.notes import Note, is_installed, read_note
from pybuild.prefix.pending import collected


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """A shell on a machine.

    Attributes:
        site: the site that was named or detected.
        named: somebody named the site.
        starts_ranks: whether the site's launcher may be called from here.
    """

    site: Site
    named: bool
    environ: Mapping[str, str]
    starts_ranks: bool = True

    @property
    def loaded(self) -> tuple[str, ...]:
        """The modules that are loaded, with their versions."""
        return tuple(name for name in self.environ.get("LOADEDMODULES", "").split(":") if name)

    @property
    def path(self) -> str:
        """Where programs are looked for."""
        return self.environ.get("PATH", os.defpath)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix:
    """A conda prefix.

    Attributes:
        notes: what is noted about packages of ours, where it can be read.
        records: (name, version, build) of each package that conda has a record of.
        plans: plans of the packages of ours that are there, without their builds, where they can be read.
        sealed: it is a release of a stack, which is never changed in place.
    """

    path: Path
    notes: tuple[Note, ...]
    records: tuple[tuple[str, str, str], ...]
    plans: Mapping[str, PackagePlan]
    sealed: bool = False

    @property
    def ours(self) -> tuple[Note, ...]:
        """The notes on packages that conda still has as we installed them."""
        there = set(self.records)
        return tuple(one for one in self.notes if (one["name"], one["version"], one["build"]) in there)

    def install(self, words: str) -> str:
        """Return the command that installs ``words`` into this prefix."""
        if self.sealed:
            return "pybuild stack deploy FILE"
        return f"pybuild install {words} -p {shlex.quote(str(self.path))}"

    def python(self, words: str) -> str:
        """Return the command that runs the prefix's Python."""
        return f"{shlex.quote(str(self.path / 'bin/python'))} {words}"


def read_prefix(path: Path) -> Prefix:
    """Return a prefix as it is; whatever of it cannot be read is left out.

    Raises:
        OSError: its ``conda-meta`` cannot be listed.
    """
    notes = tuple(collected(note) for note in readable_notes(path))
    there = (str(note["name"]) for note in notes if is_installed(path, note))
    plans = {name: plan for name in there if (plan := plan_of(path, name)) is not None}
    stems = (entry[:-5] for entry in sorted(os.listdir(places.meta(path))) if entry.endswith(".json"))
    rows = (stem.rsplit("-", 2) for stem in stems if stem.count("-") >= 2)
    return Prefix(
        path=path,
        notes=notes,
        records=tuple((name, version, build) for name, version, build in rows),
        plans=plans,
        sealed=places.release(path).exists(),
    )


def bound(note: Note) -> Iterator[tuple[str, str]]:
    """Yield (virtual, identity) of what a package binds; which compiler made it does not matter later."""
    rows = note["identity"]
    for row in rows if isinstance(rows, list | tuple) else ():
        if base_of(str(row[0])) != "compiler" and row[1]:
            yield str(row[0]), str(row[1])


def readable_notes(path: Path) -> Iterator[Note]:
    """Yield our notes; one that is damaged says nothing, and stops nobody from looking at the others."""
    for file in sorted(places.notes(path).glob("*.json")):
        with suppress(PrefixError):
            note = read_note(path, file.stem)
            if note is not None:
                yield note


def plan_of(path: Path, name: str) -> PackagePlan | None:
    """Return the plan of an installed package, None where its record is gone or is none."""
    try:
        return planned(path, name)
    except Exception:  # cattrs raises whatever the damage leads to
        return None
