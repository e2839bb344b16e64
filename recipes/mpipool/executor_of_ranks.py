"""Check that an executor of mpipool gives its tasks to the other ranks and gets their results back.

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


def square(number):
    """Return the square and the rank that computed it."""
    from mpi4py import MPI

    return number * number, MPI.COMM_WORLD.Get_rank()


def use(comm):
    """Submit tasks; they are run by ranks other than 0, so a single rank cannot do it."""
    from mpipool import MPIExecutor

    results = None
    # The other ranks work in the constructor until rank 0 leaves the block, and then skip the block.
    with MPIExecutor(comm=comm) as pool:
        pool.workers_exit()
        futures = [pool.submit(square, number) for number in range(20)]
        results = [future.result(timeout=60) for future in futures]
    if results is None:
        return
    check([value for value, _ in results] == [n * n for n in range(20)], "the pool gave other results")
    workers = {rank for _, rank in results}
    check(workers == set(range(1, comm.Get_size())), f"the tasks ran on ranks {sorted(workers)}")


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
        print(f"executor_of_ranks: rank {comm.Get_rank()}: {error}", file=sys.stderr, flush=True)
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
