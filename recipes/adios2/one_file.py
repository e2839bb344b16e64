"""Check that all ranks write one ADIOS2 file together and read it back."""

import os

from pybuild_ranks import check, run, shared_folder


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


def use(comm):
    """Do both in a folder that is gone afterwards."""
    with shared_folder(comm) as folder:
        write_and_read(comm, os.path.join(folder, "numbers.bp"))


if __name__ == "__main__":
    run(use)
