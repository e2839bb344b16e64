# Run by a release's own Python, 2.7 or newer, not imported: compile_all.py FIXED JOBS PID FOLDER...
"""Compile every module below some folders; see ``bytecode``.

Prints one line of JSON: the files that are no Python of this version, and (file, reason) of those that could
not be written. Ends without it once process PID, which asked for this, is gone.
"""

import json
import os
import py_compile
import struct
import sys

MODERN = sys.version_info >= (3, 7)


def current(path, fixed):
    # type: (str, bool) -> bool
    """Return whether the cached file is what Python would take, unchecked where ``fixed``."""
    import importlib.util

    cached = importlib.util.cache_from_source(path)
    try:
        with open(cached, "rb") as file:
            head = file.read(16)
            body = file.read() if fixed else b""
        if len(head) < 16 or head[:4] != importlib.util.MAGIC_NUMBER:
            return False
        with open(path, "rb") as file:
            source = file.read()
    except (IOError, OSError):
        return False
    flags, time, size = struct.unpack("<LLL", head[4:])
    digest = importlib.util.source_hash(source)
    timely = (
        flags == 0 and time == int(os.stat(path).st_mtime) & 0xFFFFFFFF and size == len(source) & 0xFFFFFFFF
    )
    if not fixed:
        return bool(timely)
    if flags == 1 and head[8:] == digest:
        return True
    if timely:  # what it holds is right: only its head changes
        replace(cached, head[:4] + struct.pack("<L", 1) + digest + body)
    return bool(timely)


def replace(path, data):
    # type: (str, bytes) -> None
    """Put a file in place whole."""
    beside = "%s.%d" % (path, os.getpid())
    try:
        with open(beside, "wb") as file:
            file.write(data)
        os.rename(beside, path)
    finally:
        if os.path.exists(beside):
            os.remove(beside)


def compile_one(work):
    # type: (tuple[str, bool, int]) -> tuple[str, str, str]
    """Compile one file; return (what happened, path, reason)."""
    path, fixed, asker = work
    try:
        os.kill(asker, 0)  # a deploy that was killed is followed by one that compiles for itself
    except OSError:
        os._exit(1)
    try:
        if not MODERN:
            py_compile.compile(path, doraise=True)
        elif not current(path, fixed):
            mode = py_compile.PycInvalidationMode
            py_compile.compile(
                path, doraise=True, invalidation_mode=mode.UNCHECKED_HASH if fixed else mode.TIMESTAMP
            )
    except (IOError, OSError) as error:
        return "failed", path, error.strerror or str(error)
    except (py_compile.PyCompileError, SyntaxError, ValueError, RuntimeError):
        return "refused", path, ""
    return "", path, ""


def modules(folders):
    # type: (list[str]) -> list[str]
    """Return the path of every module below some folders; a link is left to where it leads."""
    found = []
    for top in folders:
        for folder, inner, names in os.walk(top):
            inner[:] = [name for name in inner if name != "__pycache__"]
            found += [os.path.join(folder, name) for name in names if name.endswith(".py")]
    return sorted(path for path in found if not os.path.islink(path))


def all_at_once(work, jobs):
    # type: (list[tuple[str, bool, int]], int) -> list[tuple[str, str, str]]
    """Compile files in several processes, or one by one where the machine has no semaphores."""
    try:
        from concurrent.futures import ProcessPoolExecutor

        with ProcessPoolExecutor(jobs) as pool:
            return list(pool.map(compile_one, work, chunksize=32))
    except (ImportError, OSError, NotImplementedError):
        return [compile_one(one) for one in work]


def main(argv):
    # type: (list[str]) -> None
    """Compile everything and say what happened."""
    fixed, jobs, asker = MODERN and argv[1] == "1", int(argv[2]), int(argv[3])
    work = [(path, fixed, asker) for path in modules(argv[4:])]
    results = all_at_once(work, jobs) if MODERN and jobs > 1 else [compile_one(one) for one in work]
    told = {"refused": [path for kind, path, _ in results if kind == "refused"],
            "failed": [(path, reason) for kind, path, reason in results if kind == "failed"]}  # fmt: skip
    os.write(1, json.dumps(told).encode("ascii") + b"\n")


if __name__ == "__main__":
    main(sys.argv)
