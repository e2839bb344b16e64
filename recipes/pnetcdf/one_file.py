"""Check that all ranks write one netCDF file together and read it back, through PnetCDF."""

from pybuild_ranks import COLUMNS, rows_in_one_file, run


def use(comm):
    """Write one variable, each rank its own row, and read it together and alone."""
    import numpy as np
    import pnetcdf
    from mpi4py import MPI

    def write(path, row):
        file = pnetcdf.File(filename=path, mode="w", format="NC_64BIT_DATA", comm=comm)
        file.def_dim("rank", comm.Get_size())
        file.def_dim("column", COLUMNS)
        data = file.def_var("rows", pnetcdf.NC_INT64, ("rank", "column"))
        file.enddef()
        data.put_var_all(np.array([row], dtype="i8"), start=[comm.Get_rank(), 0], count=[1, COLUMNS])
        file.close()

    def read_with(readers, path, rank):
        file = pnetcdf.File(filename=path, mode="r", comm=readers)
        found = file.variables["rows"].get_var_all(start=[rank, 0], count=[1, COLUMNS])
        file.close()
        return found.tolist()[0]

    def read(path, rank):
        return read_with(comm, path, rank)

    def read_alone(path, rank):
        return read_with(MPI.COMM_SELF, path, rank)

    rows_in_one_file(comm, write, read, read_alone)


if __name__ == "__main__":
    run(use)
