"""The drafted test scripts that stand beside a recipe."""

from __future__ import annotations

RANKS = "ranks_agree.py"

_RANKS = '''\
"""Check that the ranks that the launcher started are one MPI job with @module@ in it.

Run by every rank, with the expected number of ranks in ``PYBUILD_RANKS``.
Rank 0 prints one line of JSON: ``{"size": 2, "ranks": [0, 1], "library": "..."}``.
A draft: it loads @module@ but uses nothing of it yet. Let it do its parallel work in ``use``.
"""

# The prefix's Python runs this, and it may be an old one; stdout is where the checks look for the report.
# ruff: noqa: T201, UP010, UP031

from __future__ import print_function

import json
import os
import sys
import time


def check(holds, sentence):
    """Raise with ``sentence`` unless ``holds``."""
    if not holds:
        raise RuntimeError(sentence)


def use(comm):
    """Do what only a parallel @project@ can do, and compare with what is known to be right."""
    import @module@  # noqa: F401

    size = comm.Get_size()
    total = comm.allreduce(comm.Get_rank())
    check(total == size * (size - 1) // 2, "the ranks add up to %r" % total)


def main():
    """Return the exit code."""
    expected = int(os.environ["PYBUILD_RANKS"])
    from mpi4py import MPI  # starts MPI

    comm = MPI.COMM_WORLD
    try:
        check(
            comm.Get_size() == expected,
            "rank %d of %d, expected %d ranks" % (comm.Get_rank(), comm.Get_size(), expected),
        )
        ranks = comm.allgather(comm.Get_rank())
        check(sorted(ranks) == list(range(expected)), "ranks are not distinct: %r" % (ranks,))
        use(comm)
    except Exception as error:
        print("ranks_agree: %s" % error, file=sys.stderr)
        sys.stderr.flush()
        if comm.Get_size() > 1:
            time.sleep(0.5)  # some launchers drop what was said just before the end
            comm.Abort(1)  # the other ranks would wait for ever
        return 1
    if comm.Get_rank() == 0:
        library = MPI.Get_library_version().strip().strip("\\0")
        print(json.dumps({"size": expected, "ranks": ranks, "library": library}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
'''


def ranks_script(project: str, module: str) -> str:
    """Return a script that every rank runs."""
    return _RANKS.replace("@project@", project).replace("@module@", module)
