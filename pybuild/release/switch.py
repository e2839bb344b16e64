"""The link to the release in service, changed in one step, and the memory of its changes."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from pybuild.errors import PrefixError
from pybuild.files import replace_file
from pybuild.release import layout
from pybuild.release.store import now, taken
from pybuild.structured import read_mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One change of ``current``.

    Attributes:
        when: ISO time in UTC.
        action: ``deploy`` or ``rollback``.
        before, after: names of releases; ``before`` is ``""`` for the first.
    """

    when: str
    by: str
    action: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _History:
    switches: tuple[Switch, ...]


def in_service(root: Path) -> str | None:
    """Return the name of the release that ``current`` leads to, None where it is no such link."""
    try:
        folder, name = os.path.split(os.readlink(layout.current(root)))
    except OSError:
        return None
    return name if folder in (layout.RELEASES, str(layout.releases(root))) and name else None


def demand_link(root: Path) -> None:
    """Check that ``current`` is a link, or not there.

    Raises:
        PrefixError: somebody put something else in its place.
    """
    path = layout.current(root)
    if os.path.lexists(path) and not path.is_symlink():
        kind = "a folder" if path.is_dir() else "a file"
        raise PrefixError(
            f"{path}: is {kind}, expected the link to the release in service",
            hint=f"mv {path} {path}.aside, then run the same command again",
        )


def switch(root: Path, name: str, *, action: str, by: str) -> None:
    """Put a release in service: whoever looks sees the old one or the new one, never none.

    The change is remembered before it is made, so that a link that somebody changed by hand can be told
    from a run that was killed in between: see ``expected``.

    Raises:
        PrefixError: something else stands in place of the link.
        OSError: it cannot be written; the old release stays in service.
    """
    demand_link(root)
    before = in_service(root) or ""
    rows = [asdict(row) for row in history(root)]
    rows.append(asdict(Switch(when=now(), by=by, action=action, before=before, after=name)))
    replace_file(layout.history(root), json.dumps({"switches": rows}, indent=1) + "\n", safe=True)
    beside = root / f".current.{os.getpid()}"
    with contextlib.suppress(FileNotFoundError):
        beside.unlink()
    try:
        beside.symlink_to(Path(layout.RELEASES, name))
        os.rename(beside, layout.current(root))
    finally:
        beside.unlink(missing_ok=True)
    _to_disk(root)


def history(root: Path) -> tuple[Switch, ...]:
    """Return every change of ``current``, oldest first.

    Raises:
        PrefixError: what remembers them cannot be read; without it, every release would look unfinished.
    """
    path = layout.history(root)
    if not path.exists():
        return ()
    then = "pybuild stack deploy; pybuild stack prune takes all other releases for unfinished after that"
    return taken(path, read_mapping(path), _History, then=then).switches


def expected(root: Path) -> tuple[str, ...]:
    """Return what ``current`` may be: where the last change led, or where it was if that was killed."""
    rows = history(root)
    return (rows[-1].after, rows[-1].before) if rows else ()


def _to_disk(folder: Path) -> None:
    """Let a crash of the machine not undo a rename."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # some network file systems refuse it and need it not
            os.fsync(handle)
    finally:
        os.close(handle)
