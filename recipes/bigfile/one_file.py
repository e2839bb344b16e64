"""Check that all ranks write one BigFile together and read back what another rank wrote."""

import os

from pybuild_ranks import check, run, shared_folder


def write_and_read(comm, path):
    """Write one block, each rank its own part, and read all of it on every rank."""
    import bigfile
    import numpy as np

    rank, count = comm.Get_rank(), 1000
    mine = np.arange(rank * count, (rank + 1) * count, dtype="i8")
    with bigfile.FileMPI(comm, path, create=True) as file:
        file.create_from_array("numbers", mine, Nfile=2)
    comm.Barrier()
    with bigfile.FileMPI(comm, path) as file, file["numbers"] as block:
        found = block[:].tolist()
    check(found == list(range(comm.Get_size() * count)), "the file does not hold what the ranks wrote")


def use(comm):
    """Do both in a folder that is gone afterwards."""
    with shared_folder(comm) as folder:
        write_and_read(comm, os.path.join(folder, "file"))


if __name__ == "__main__":
    run(use)
