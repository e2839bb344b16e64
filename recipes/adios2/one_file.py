"""Check that all ranks write one ADIOS2 file together and read it back.

Run by every rank, with the expected number of ranks in ``PYBUILD_RANKS``.
Rank 0 prints one line of JSON: ``{"size": 2, "ranks": [0, 1], "library": "..."}``.
A rank that finds something wrong says so on stderr and ends the whole job with exit code 1.
"""

# Stdout is where the checks look for the report.
# ruff: noqa: T201

import json
import os
import shutil
import sys
import tempfile
import time


def check(holds, sentence):
    """Raise with ``sentence`` unless ``holds``."""
    if not holds:
        raise RuntimeError(sentence)


def write_and_read(comm, path):
    """Write one array, each rank its own part, and read the part of the next rank."""
    import adios2
    import numpy as np

    rank, size, count = comm.Get_rank(), comm.Get_size(), 1000
    mine = np.arange(rank * count, (rank + 1) * count, dtype="i8")
    with adios2.Stream(path, "w", comm) as stream:
        stream.write("numbers", mine, [size * count], [rank * count], [count])
    comm.Barrier()
    neighbour = (rank + 1) % size
    with adios2.Stream(path, "r", comm) as stream:
        for _ in stream:
            found = stream.read("numbers", [neighbour * count], [count]).tolist()
    check(found == list(range(neighbour * count, (neighbour + 1) * count)), "the file holds other numbers")
    comm.Barrier()


def use(comm):
    """Do both in a folder of scratch that is gone afterwards."""
    parent = os.environ.get("SCRATCH") or tempfile.gettempdir()
    folder = comm.bcast(
        tempfile.mkdtemp(prefix="pybuild-adios2-", dir=parent) if comm.Get_rank() == 0 else None
    )
    try:
        write_and_read(comm, os.path.join(folder, "numbers.bp"))
    finally:
        if comm.Get_rank() == 0:
            shutil.rmtree(folder, ignore_errors=True)


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
        print(f"one_file: rank {comm.Get_rank()}: {error}", file=sys.stderr, flush=True)
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
