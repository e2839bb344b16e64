"""Check that all ranks write one netCDF file together and read it back."""

from pybuild_ranks import COLUMNS, agreed, check, rows_in_one_file, run


def use(comm):
    """Write one variable, each rank its own row, read it with MPI and without; report netCDF's version."""
    import netCDF4

    check(
        netCDF4.__has_parallel4_support__,
        "netCDF4 was built without MPI, so ranks cannot write one file together",
    )
    version = agreed(comm, "netCDF's version", netCDF4.__netcdf4libversion__)

    def write(path, row):
        with netCDF4.Dataset(path, "w", format="NETCDF4", parallel=True, comm=comm) as file:
            file.createDimension("rank", comm.Get_size())
            file.createDimension("column", COLUMNS)
            data = file.createVariable("rows", "i8", ("rank", "column"))
            data.set_collective(True)
            data[comm.Get_rank(), :] = row

    def read(path, rank):
        with netCDF4.Dataset(path, "r", parallel=True, comm=comm) as file:
            data = file["rows"]
            data.set_collective(True)
            return data[rank, :].tolist()

    def read_alone(path, rank):
        with netCDF4.Dataset(path, "r") as file:
            return file["rows"][rank, :].tolist()

    rows_in_one_file(comm, write, read, read_alone)
    return {"netcdf": version}


if __name__ == "__main__":
    run(use)
