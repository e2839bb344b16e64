"""Check that the ranks of a node see what one of them puts into a shared array.

Run by every rank, with the expected number of ranks in ``PYBUILD_RANKS``.
Rank 0 prints one line of JSON: ``{"size": 2, "ranks": [0, 1], "library": "..."}``.
A rank that finds something wrong says so on stderr and ends the whole job with exit code 1.
"""

# Stdout is where the checks look for the report.
# ruff: noqa: T201

import json
import os
import sys
import time


def check(holds, sentence):
    """Raise with ``sentence`` unless ``holds``."""
    if not holds:
        raise RuntimeError(sentence)


def use(comm):
    """Let the last rank set half of an array, and read it on all ranks."""
    import numpy as np
    from pshmem import MPIShared

    rank, last = comm.Get_rank(), comm.Get_size() - 1
    half = np.arange(500, dtype="i8") + 1 if rank == last else None
    with MPIShared((1000,), np.int64, comm) as shared:
        shared.set(half, offset=(500,), fromrank=last)
        found = shared[:].tolist()
        shares = shared.nodecomm.Get_size()
        comm.Barrier()
    check(found == [0] * 500 + list(range(1, 501)), "the shared array does not hold what was put into it")
    check(max(comm.allgather(shares)) > 1 or last == 0, "no two ranks share memory")


def main():
    """Return the exit code."""
    expected = int(os.environ["PYBUILD_RANKS"])
    from mpi4py import MPI  # starts MPI

    comm = MPI.COMM_WORLD
    try:
        check(comm.Get_size() == expected, f"{comm.Get_size()} rank(s) found, expected {expected}")
        ranks = comm.allgather(comm.Get_rank())
        check(sorted(ranks) == list(range(expected)), f"ranks are not distinct: {ranks}")
        use(comm)
    except Exception as error:
        print(f"share_an_array: rank {comm.Get_rank()}: {error}", file=sys.stderr, flush=True)
        if comm.Get_size() > 1:
            time.sleep(0.5)  # some launchers drop what was said just before the end
            comm.Abort(1)  # the other ranks would wait for ever
        return 1
    if comm.Get_rank() == 0:
        library = MPI.Get_library_version().strip().strip("\0")
        print(json.dumps({"size": expected, "ranks": ranks, "library": library}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
