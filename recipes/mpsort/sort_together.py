"""Check that numbers that are spread over the ranks are sorted across all of them.

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
    """Sort numbers; each rank starts with numbers that belong to other ranks as well."""
    import mpsort
    import numpy as np

    rank, size, count = comm.Get_rank(), comm.Get_size(), 1000
    # 7919 is prime and larger than any number of ranks in a test: each number is there exactly once.
    places = np.arange(rank * count, (rank + 1) * count, dtype="u8")
    numbers = (places * 7919) % (size * count)
    expected = sorted(number for part in comm.allgather(numbers.tolist()) for number in part)
    check(expected != comm.allreduce(numbers.tolist()), "the numbers are sorted before the test")
    mpsort.sort(numbers, numbers, comm=comm)
    check(
        numbers.tolist() == expected[rank * count : (rank + 1) * count],
        "the numbers are not sorted across the ranks",
    )


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
        print(f"sort_together: rank {comm.Get_rank()}: {error}", file=sys.stderr, flush=True)
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
