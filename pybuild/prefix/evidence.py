"""What verification takes from a prefix and leaves there: a package as it is noted, and its proofs."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild.errors import PrefixError
from pybuild.prefix import pending, places
from pybuild.prefix.notes import Note, is_installed, read_note, write_note

if TYPE_CHECKING:
    from pybuild.model.plan import PackagePlan


def installed(prefix: Path, name: str) -> tuple[Note, PackagePlan]:
    """Return what is noted about a package, with what its job has found by now, and its plan.

    Raises:
        PrefixError: it is not there, or not ours.
    """
    from pybuild.prefix.installed import planned

    note = read_note(prefix, name)
    if note is not None and not is_installed(prefix, note):
        raise PrefixError(
            f"{prefix}: {name} is gone, conda removed or replaced it",
            hint=f"pybuild install {name} -p {prefix}",
        )
    package = planned(prefix, name)
    if note is None or package is None:
        raise PrefixError(f"{prefix}: pybuild did not install {name!r}", hint=f"pybuild list -p {prefix}")
    return pending.collected(note), package


def sealed(prefix: Path) -> bool:
    """Return whether nothing may be noted in a prefix: a release of a stack, or somebody else's."""
    return places.release(prefix).exists() or not os.access(places.notes(prefix), os.W_OK | os.X_OK)


def leave(prefix: Path, note: Note, job: Path) -> None:
    """Leave what a job found in its folder, and in the prefix where that can be written.

    Raises:
        OSError: the folder cannot be written.
    """
    pending.leave(job, note)
    with suppress(OSError):  # read-only here: whoever looks at the note takes it from the job's folder
        if not sealed(prefix):
            write_note(prefix, note)


def leave_aside(prefix: Path, note: Note, cache: str) -> Path:
    """Leave what was found of a sealed prefix in the cache, and return the folder.

    Raises:
        OSError: it cannot be written.
    """
    import hashlib

    name = hashlib.sha256(str(prefix).encode()).hexdigest()[:16]
    aside = Path(cache, "proofs", name)
    aside.mkdir(parents=True, exist_ok=True)
    pending.leave(aside, note)
    return aside
