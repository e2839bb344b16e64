"""The level ``imported``: modules import in a clean process, and MPI is not started by it."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pybuild.errors import VerificationError
from pybuild.process import Captured, capture
from pybuild.verify.outcome import how_it_ended, last_lines

_STARTED = 86

# Runs under every Python from 2.7 on. Its last line proves that the end
# was reached: a module that calls sys.exit(0) must not pass.
# MPI_Initialized may be called at any time (MPI 4.1, 11.2.3); RTLD_NOLOAD (4) opens nothing new.
_CHILD = r"""
import importlib, sys
nonce, names = sys.argv[1], sys.argv[2:]
def started():
    try:
        import ctypes, os
        with open("/proc/self/maps") as maps:
            paths = set(line.split(None, 5)[5].strip() for line in maps if "/libmpi" in line)
    except (ImportError, IOError, OSError):
        paths = ()
    for path in paths:
        try:
            ask = ctypes.CDLL(path, mode=4 | os.RTLD_NOW if hasattr(os, "RTLD_NOW") else 6).MPI_Initialized
        except (OSError, AttributeError):
            continue
        flag = ctypes.c_int(0)
        ask(ctypes.byref(flag))
        if flag.value:
            return True
    module = sys.modules.get("mpi4py.MPI")
    return module is not None and module.Is_initialized()
try:
    # The variable MPI4PY_RC_INITIALIZE is newer than mpi4py 3.0, whose rc does the same.
    import mpi4py
    mpi4py.rc.initialize = False
except Exception:
    pass
for name in names:
    importlib.import_module(name)
    if started():
        sys.stderr.write("importing %s started MPI\n" % name)
        sys.exit(86)
sys.stdout.write("\n%s\n" % nonce)
sys.stdout.flush()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """Modules that were imported without starting MPI."""

    modules: tuple[str, ...]
    python: str


def check_imported(
    python: str,
    modules: Sequence[str],
    environment: Mapping[str, str],
    *,
    timeout: float = 300,
) -> ImportReport:
    """Import modules in one child process, in order, and return that it worked.

    Args:
        python: interpreter of the prefix; its own site-packages are seen, the user's are not.
        environment: the child's whole environment, to which only what this check needs is added.
        timeout: seconds.

    Raises:
        VerificationError: a module does not import, crashes, hangs, leaves early, or starts MPI.
    """
    nonce = secrets.token_hex(16)
    # -s and -E rather than -I: Python 2.7 has no -I. -B: a check writes nothing into the prefix.
    argv = [python, "-s", "-E", "-B", "-c", _CHILD, nonce, *modules]
    child = {
        **environment,
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MPI4PY_RC_INITIALIZE": "0",
    }
    # sys.path begins with the working directory: an empty one.
    with tempfile.TemporaryDirectory(prefix="pybuild-import-") as folder:
        answer = capture(argv, env=child, cwd=folder, timeout=timeout)
    finished = answer.out.rstrip("\n").endswith("\n" + nonce)
    if answer.code or not finished:
        raise _explain(python, modules, answer, timeout)
    return ImportReport(modules=tuple(modules), python=python)


def _explain(python: str, modules: Sequence[str], answer: Captured, timeout: float) -> VerificationError:
    names = ", ".join(modules)
    if answer.code == _STARTED and "started MPI" in answer.err:
        guilty = answer.err.rstrip().splitlines()[-1]
        hint = "a check of level imported may not need MPI: write it with ranks, for the launcher"
        return VerificationError(f"{guilty}, expected it to leave that to the program", hint=hint)
    how = how_it_ended(answer, timeout)
    return VerificationError(f"importing {names} with {python} failed: {how}{last_lines(answer)}")
