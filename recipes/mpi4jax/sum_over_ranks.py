"""Check that compiled JAX functions exchange arrays between the ranks.

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
    """Sum over all ranks inside a compiled function, and pass an array round the ring."""
    import jax
    import jax.numpy as jnp
    import mpi4jax
    from mpi4py import MPI

    rank, size = comm.Get_rank(), comm.Get_size()

    @jax.jit
    def total(numbers):
        return mpi4jax.allreduce(2 * numbers, op=MPI.SUM, comm=comm)

    @jax.jit
    def neighbour(numbers):
        return mpi4jax.sendrecv(numbers, numbers, (rank - 1) % size, (rank + 1) % size, comm=comm)

    mine = jnp.arange(5.0) + rank
    expected = [2 * sum(number + other for other in range(size)) for number in range(5)]
    found = total(mine).tolist()
    check(found == expected, f"the sum is {found}, expected {expected}")
    found = neighbour(mine).tolist()
    check(found == [number + (rank - 1) % size for number in range(5)], f"the neighbour sent {found}")


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
        print(f"sum_over_ranks: rank {comm.Get_rank()}: {error}", file=sys.stderr, flush=True)
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
