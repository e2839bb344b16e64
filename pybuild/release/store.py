"""The releases of a root: which there are, what each says of itself, and the next one's name."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TypeVar

from pybuild.errors import PrefixError
from pybuild.files import replace_file
from pybuild.model.stack import Release
from pybuild.release import layout
from pybuild.structured import read_mapping, structured

T = TypeVar("T")

_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})-(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What is remembered about a release outside of it.

    Attributes:
        lock: SHA-256 of the lock that it is made from.
        begun: ISO time in UTC.
        by: who began it.
        touched: newest change of any of its paths when it was complete, in nanoseconds; 0 until then.
        size: bytes of its files when it was complete.
    """

    name: str
    lock: str
    begun: str
    by: str
    touched: int = 0
    size: int = 0


def now() -> str:
    """Return the time as records keep it: ISO, UTC, seconds."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def names(root: Path) -> tuple[str, ...]:
    """Return the names of the releases that stand there, unfinished ones included, oldest first."""
    try:
        entries = os.listdir(layout.releases(root))
    except FileNotFoundError:
        return ()
    return tuple(sorted(filter(_NAME.fullmatch, entries), key=order))


def order(name: str) -> tuple[str, int]:
    """Return what sorts names of releases by the time they were begun."""
    match = _NAME.fullmatch(name)
    return (match[1], int(match[2])) if match else (name, 0)


def begin(root: Path, lock: str, by: str, taken: Iterable[str] = ()) -> Begun:
    """Remember that a new release is begun, under a name that was never used; nothing is made yet.

    Args:
        taken: names of releases that are gone.

    Raises:
        OSError: it cannot be written down.
    """
    day = datetime.now(timezone.utc).date().isoformat()
    used = [order(name)[1] for name in {*names(root), *begun(root), *taken} if order(name)[0] == day]
    made = Begun(name=f"{day}-{max(used, default=0) + 1}", lock=lock, begun=now(), by=by)
    remember(root, made)
    return made


def remember(root: Path, one: Begun) -> None:
    """Write down what is known about a release.

    Raises:
        OSError: it cannot be written.
    """
    folder = layout.begun(root)
    folder.mkdir(exist_ok=True)
    replace_file(folder / f"{one.name}.json", json.dumps(asdict(one)) + "\n", safe=True)


def begun(root: Path) -> Mapping[str, Begun]:
    """Return what is remembered about every release that was ever begun, by name.

    What only a newer pybuild knows is passed over: maintainers of one stack may have different ones.

    Raises:
        PrefixError: a record does not say what it must.
    """
    found: dict[str, Begun] = {}
    try:
        entries = os.listdir(layout.begun(root))
    except OSError:
        return found
    for entry in entries:
        data = read_mapping(layout.begun(root) / entry) if entry.endswith(".json") else None
        if data is not None:
            found[entry[:-5]] = taken(layout.begun(root) / entry, data, Begun)
    return found


def taken(path: Path, data: object, kind: type[T], *, then: str = "run the same command again") -> T:
    """Return a record of a stack from what its file holds.

    Args:
        then: what to do where the file is put aside.

    Raises:
        PrefixError: it does not say what it must.
    """
    try:
        return structured(data, kind)
    except ValueError as error:
        raise PrefixError(
            f"{path}: cannot be read: {error}",
            hint=f"correct it, or mv {path} {path}.aside, then {then}",
        ) from error


def read_release(prefix: Path) -> Release | None:
    """Return what a release says of itself, None where it is unfinished, broken or none."""
    data = read_mapping(layout.record(prefix))
    if data is None or not {"name", "path", "lock", "begun"} <= data.keys():
        return None
    try:
        levels = tuple((str(name), str(level)) for name, level in data.get("levels", ()))
    except (TypeError, ValueError):
        return None
    plain = {key: str(data.get(key, "")) for key in ("name", "path", "lock", "begun", "by")}
    return Release(**plain, levels=levels)


def write_release(release: Release) -> None:
    """Let a release say what it is.

    Raises:
        OSError: it cannot be written.
    """
    path = layout.record(Path(release.path))
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, json.dumps(asdict(release), indent=1) + "\n", safe=True)
