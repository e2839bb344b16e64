"""What interpreters are, remembered while the files that they were told by are what they were.

A start of a Python takes longer than most of a plan, and what it says of itself hangs on a few files: its
binary and library, its build's settings, a module of its standard library and its headers. All are looked at
each time, also those that were not there: headers may be installed later.
"""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Mapping, Sequence

from pybuild.interpreter.probe import QUESTION, Probed, probe_interpreter
from pybuild.model.machine import Interpreter
from pybuild.remembered import is_settled, read_store, stamp_of, write_store

_MAKER = f"{zlib.crc32(QUESTION.encode()):08x}"
_FIELDS = ("path", "version", "identity", "rejected")


def interpreters(paths: Sequence[str], cache: str | None) -> list[Interpreter]:
    """Return what each interpreter is, in the same order; only those that are not remembered are started.

    Args:
        cache: pybuild's cache; None to start all of them. One that cannot be written only costs time.
    """
    if cache is None:
        return [found.interpreter for found in _asked(paths)]
    known = read_store(cache, "interpreters", cache, _MAKER)
    now = time.time_ns()
    found = {path: _recalled(path, known) for path in paths}
    new = [path for path, interpreter in found.items() if interpreter is None]
    if new:
        asked = dict(zip(new, _asked(new), strict=True))
        kept = {path: text for path, text in known.items() if path not in asked and os.path.exists(path)}
        kept |= {path: _text(probed) for path, probed in asked.items() if _is_sure(path, probed, now)}
        if kept != known:
            write_store(cache, "interpreters", cache, kept, _MAKER)
        found |= {path: probed.interpreter for path, probed in asked.items()}
    return [interpreter for path in paths if (interpreter := found[path])]


def _asked(paths: Sequence[str]) -> list[Probed]:
    if len(paths) < 2:
        return [probe_interpreter(path) for path in paths]
    from concurrent.futures import ThreadPoolExecutor

    # Children start in a few milliseconds and mostly wait for the disk.
    with ThreadPoolExecutor(max_workers=4) as pool:
        return list(pool.map(probe_interpreter, paths))


def _is_sure(path: str, probed: Probed, now: int) -> bool:
    """Return whether the files tell what the interpreter is.

    Of a script in front of it they do not: it may lead elsewhere tomorrow.
    """
    stamps = [stamp_of(file) for file in probed.files]
    own = probed.interpreter.path == path and bool(stamps)
    return own and all(is_settled(stamp, now) for stamp in stamps if stamp)


def _text(probed: Probed) -> str:
    facts = {field: getattr(probed.interpreter, field) for field in _FIELDS}
    return json.dumps([[(file, stamp_of(file)) for file in probed.files], facts])


def _recalled(path: str, known: Mapping[str, str]) -> Interpreter | None:
    if path not in known:
        return None
    files, facts = json.loads(known[path])
    if any(stamp_of(file) != stamp for file, stamp in files):
        return None
    return Interpreter(**facts)
