"""Check that dask_mpi turns ranks into a Dask scheduler, a client and workers, and that the workers compute.

Run by every rank, with the expected number of ranks in ``PYBUILD_RANKS``.
Rank 0 prints one line of JSON: ``{"size": 2, "ranks": [0, 1], "library": "..."}``.
A rank that finds something wrong says so on stderr and ends the whole job with exit code 1.
"""

# Stdout is where the checks look for the report.
# ruff: noqa: T201

import json
import os
import sys
import tempfile
import time


def check(holds, sentence):
    """Raise with ``sentence`` unless ``holds``."""
    if not holds:
        raise RuntimeError(sentence)


def square(number):
    """Return the square and the rank that computed it."""
    from mpi4py import MPI

    return number * number, MPI.COMM_WORLD.Get_rank()


def compute(size):
    """Map over the cluster as its client; every rank from 2 on has to be a worker."""
    from dask_mpi import send_close_signal
    from distributed import Client

    with Client(timeout=60) as client:
        client.wait_for_workers(size - 2, timeout=60)
        results = client.gather(client.map(square, range(20)))
    send_close_signal()
    check([value for value, _ in results] == [n * n for n in range(20)], "the cluster gave other results")
    workers = {rank for _, rank in results}
    check(workers <= set(range(2, size)), f"the tasks ran on ranks {sorted(workers)}")


def use(comm):
    """Start a cluster: rank 0 is the scheduler, rank 1 the client, and the others are workers."""
    import dask
    from dask_mpi import initialize

    dask.config.set({"distributed.worker.use-file-locking": False})
    if initialize(nthreads=1, dashboard=False, local_directory=tempfile.gettempdir(), exit=False, comm=comm):
        compute(comm.Get_size())
    comm.Barrier()


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
        print(f"cluster_of_ranks: rank {comm.Get_rank()}: {error}", file=sys.stderr, flush=True)
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
