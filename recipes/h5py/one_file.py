"""Check that all ranks write one HDF5 file together and read it back, from Python 2.7 to 3.14."""

from pybuild_ranks import COLUMNS, agreed, check, rows_in_one_file, run


def use(comm):
    """Write one data set, each rank its own row, and read it with MPI and without; report HDF5's version."""
    import h5py

    check(h5py.get_config().mpi, "h5py was built without MPI, so ranks cannot write one file together")
    version = agreed(comm, "HDF5's version", h5py.version.hdf5_version)

    def write(path, row):
        with h5py.File(path, "w", driver="mpio", comm=comm) as file:
            data = file.create_dataset("rows", (comm.Get_size(), COLUMNS), dtype="i8")
            with data.collective:
                data[comm.Get_rank(), :] = row

    def read(path, rank):
        with h5py.File(path, "r", driver="mpio", comm=comm) as file:
            return file["rows"][rank, :].tolist()

    def read_alone(path, rank):
        with h5py.File(path, "r") as file:
            return file["rows"][rank, :].tolist()

    rows_in_one_file(comm, write, read, read_alone)
    return {"hdf5": version}


if __name__ == "__main__":
    run(use)
