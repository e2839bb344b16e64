"""Check that an array over all ranks comes back from a Fourier transform and the way back.

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
    """Transform numbers, each rank its own part, forth and back; PFFT leaves out the division."""
    import numpy as np
    import pfft

    shape = [8, 6, 4]
    procmesh = pfft.ProcMesh(np=[comm.Get_size()], comm=comm)
    partition = pfft.Partition(pfft.Type.PFFT_C2C, shape, procmesh, pfft.Flags.PFFT_TRANSPOSED_OUT)
    buffer = pfft.LocalBuffer(partition)
    plans = [
        pfft.Plan(partition, pfft.Direction.PFFT_FORWARD, buffer, type=pfft.Type.PFFT_C2C),
        pfft.Plan(
            partition,
            pfft.Direction.PFFT_BACKWARD,
            buffer,
            type=pfft.Type.PFFT_C2C,
            flags=pfft.Flags.PFFT_TRANSPOSED_IN,
        ),
    ]
    mine = buffer.view_input()
    check(mine.size < np.prod(shape), "one rank has the whole array")
    start = np.random.RandomState(comm.Get_rank()).uniform(size=mine.shape)
    mine[...] = start
    total = comm.allreduce(start.sum())
    plans[0].execute(buffer)
    if comm.Get_rank() == 0:
        check(np.allclose(buffer.view_output().flat[0], total), "the first term is not the sum of all")
    plans[1].execute(buffer)
    back = buffer.view_input() / np.prod(shape)
    check(np.allclose(back, start), "the numbers do not come back")


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
        print(f"there_and_back: rank {comm.Get_rank()}: {error}", file=sys.stderr, flush=True)
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
