"""Check that each rank of an MPI job writes a file with PyTables and reads what another wrote."""

import os

from pybuild_ranks import check, run, shared_folder


def write(tables, path, rank):
    """Write a file with one compressed array that is this rank's own."""
    with tables.open_file(path, "w") as file:
        values = [rank * 1000 + number for number in range(1000)]
        file.create_carray("/", "values", obj=values, filters=tables.Filters(complevel=5, complib="blosc2"))


def use(comm):
    """Check that the file of the next rank holds that rank's numbers."""
    import tables

    rank, size = comm.Get_rank(), comm.Get_size()
    with shared_folder(comm) as folder:
        write(tables, os.path.join(folder, f"{rank}.h5"), rank)
        comm.Barrier()
        after = (rank + 1) % size
        with tables.open_file(os.path.join(folder, f"{after}.h5")) as file:
            found = [int(file.root.values[0]), int(file.root.values[999])]
        check(found == [after * 1000, after * 1000 + 999], f"reads {found} from rank {after}")


if __name__ == "__main__":
    run(use)
