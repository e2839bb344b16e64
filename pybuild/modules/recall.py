"""What a module tool made a few minutes ago, for commands that only show a plan.

A module tool takes longer than everything else of a plan together. So what it made is kept for some minutes,
with the state of every file that it is known to have gone by: init files, folders of modulefiles, the
modulefiles themselves and the files that name default versions. Modulefiles may read more than that, so
nothing is built with what was kept; whoever builds asks the tool.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pybuild import __version__
from pybuild.files import replace_file
from pybuild.model.modules import Capture, Change, ModulePlan

if TYPE_CHECKING:
    from pybuild.modules.reading import State

AGE = 600.0
"""Seconds for which something is kept."""

_DEFAULTS = ("", ".version", ".modulerc", ".modulerc.lua", "default")
"""What says in a module's folder which versions there are and which of them is loaded: the folder itself, and
the files in modulefile(5) of Environment Modules and "Locating Modulefiles" of Lmod's manual."""


def recall(plan: ModulePlan, cache: str, *, keep: Mapping[str, str]) -> Capture:
    """Return what the tool makes of ``plan``, or made of it a few minutes ago.

    Args:
        cache: pybuild's cache.
        keep: as in :func:`pybuild.modules.capture.capture`.

    Raises:
        ModuleToolError: as ``capture`` does.
    """
    file = Path(cache, "modules", f"{_key(plan, keep)}.json")
    found = _read(file, plan)
    if found is None:
        from pybuild.modules.capture import capture_and_states

        found, states = capture_and_states(plan, keep=keep)
        paths = _gone_by(plan, states)
        if paths is not None:
            with suppress(OSError):  # a full or closed cache: the next one asks again
                _write(file, found, paths)
    return found


def _key(plan: ModulePlan, keep: Mapping[str, str]) -> str:
    who = [keep.get("USER"), keep.get("LOGNAME"), os.uname().nodename, __version__]
    return hashlib.sha256(json.dumps([asdict(plan), who]).encode()).hexdigest()[:32]


def _read(file: Path, plan: ModulePlan) -> Capture | None:
    try:
        if not 0 <= time.time() - file.stat().st_mtime < AGE:
            return None
        data = json.loads(file.read_bytes())
        if any(_state_of(path) != state for path, state in data["paths"]):
            return None
        return Capture(
            plan=plan,
            environment=tuple((name, value) for name, value in data["environment"]),
            loaded=tuple(data["loaded"]),
            changes=tuple(Change(**{k: tuple(v) for k, v in change.items()}) for change in data["changes"]),
            answers=tuple(data["answers"]),
            version=data["version"],
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _write(file: Path, found: Capture, paths: Iterator[str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    states = [[path, _state_of(path)] for path in dict.fromkeys(paths)]
    data = {name: value for name, value in asdict(found).items() if name != "plan"}
    replace_file(file, json.dumps({**data, "paths": states}), mode=0o600)
    for other in file.parent.iterdir():
        if time.time() - other.stat().st_mtime > AGE:
            other.unlink(missing_ok=True)


def _state_of(path: str) -> list[int] | None:
    """Return what tells a file from another one that took its place, None where there is none."""
    try:
        seen = os.stat(path)
    except OSError:
        return None
    return [seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size, seen.st_ino]


def _gone_by(plan: ModulePlan, states: tuple[State, ...]) -> Iterator[str] | None:
    """Return the paths that the tool went by, None where it does not tell which modulefiles it read."""
    read = [_files(state) for state in states]
    if any(len(files) < len(state.loaded) for files, state in zip(read, states, strict=True)):
        return None
    return _paths(plan, states, read)


def _paths(plan: ModulePlan, states: tuple[State, ...], read: list[tuple[str, ...]]) -> Iterator[str]:
    import shutil

    yield from plan.init
    last = states[-1].environment
    yield from (last[name] for name in ("MODULES_CMD", "LMOD_CMD") if name in last)
    for question in plan.questions:
        yield shutil.which(question[0], path=last.get("PATH")) or question[0]
    for files in read:
        yield from files
    stems = dict.fromkeys(module.partition("/")[0] for state in states for module in state.loaded)
    for folder in dict.fromkeys(folder for state in states for folder in state.folders):
        yield folder
        for stem in stems:
            for name in _DEFAULTS if os.path.isdir(os.path.join(folder, stem)) else ("",):
                yield os.path.join(folder, stem, name).rstrip("/")


def _files(state: State) -> tuple[str, ...]:
    """Return the modulefiles of what is loaded, as all three tools tell them."""
    return tuple(part for part in state.environment.get("_LMFILES_", "").split(":") if part)
